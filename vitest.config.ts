import { defineConfig } from 'vitest/config'

// Interop tests need a JVM, Go and Python: they run by `npm run test:interop`, not here.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/overwrite-released-frames.ts'],
    exclude: ['test/interop/**', 'node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    // Two workers share two cores, maybe with others, and maybe slow ones.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 30_000 } },
  },
})
