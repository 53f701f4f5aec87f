/**
 * Packages that load on first use. Codecs take 30 megabytes and a tenth of a second together; most brokers never open a
 * compressed batch. Native ones are optional dependencies: without a prebuilt binary for this machine they are not there.
 */
import { createRequire } from 'node:module'

const requirePackage = createRequire(import.meta.url)

/** The exports of a package that is always installed. */
export function loadPackage<Exports>(name: string): Exports {
  return requirePackage(name) as Exports
}

/** Where a file of a package is that is always installed. */
export function packagePath(name: string): string {
  return requirePackage.resolve(name)
}

/** The exports of an optional package, undefined when it or its binary is not there. */
export function loadOptionalPackage<Exports>(name: string): Exports | undefined {
  try {
    return requirePackage(name) as Exports
  } catch {
    return undefined
  }
}
