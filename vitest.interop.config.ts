import { defineConfig } from 'vitest/config'

// Real clients and tools against the built broker, one file after the other: they share two cores with a JVM. The limits are
// for a machine that is several times slower; what takes long by itself gives up before, and says what it waited for.
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    setupFiles: ['test/interop/support/explain-failures.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
  },
})
