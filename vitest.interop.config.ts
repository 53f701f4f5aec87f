import { defineConfig } from 'vitest/config'

// Real clients and tools against the built broker, one file after the other: they share two cores with a JVM.
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
})
