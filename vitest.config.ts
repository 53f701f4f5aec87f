import { defineConfig } from 'vitest/config'

// Interop tests need a JVM, Go and Python: they run by `npm run test:interop`, not here.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
