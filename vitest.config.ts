import { defineConfig } from 'vitest/config'

const ignore = ['**/node_modules/**', '**/testdata/**']
const pure = ['**/*.test.ts', '**/*.prop.test.ts']

export default defineConfig({
  test: {
    exclude: ignore,
    passWithNoTests: true,
    coverage: {
      provider: 'v8',
      // The decisions: pure code that says what happens. Everything else is proven by integration and end-to-end tests.
      include: [
        '**/plan.ts',
        '**/plan/*.ts',
        '**/decide.ts',
        '**/decide/*.ts',
        '**/diff.ts',
        '**/diff/*.ts',
        '**/assess.ts',
        '**/assess/*.ts',
      ],
      // `fairlead diff` is a command that prints what the hub decided.
      exclude: ['**/*.test.ts', '**/node_modules/**', 'services/cli/commands/**'],
      reporter: [['text', { skipFull: true }], 'json-summary'],
      thresholds: { branches: 95 },
    },
    projects: [
      { test: { name: 'unit', include: pure, exclude: [...ignore, '**/*.int.test.ts', 'infra/e2e/**'], testTimeout: 20_000 } },
      {
        test: {
          name: 'int',
          include: ['**/*.int.test.ts'],
          exclude: [...ignore, 'infra/e2e/**'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // What is polled for comes in its own time; the default of one second is a limit on the machine.
          expect: { poll: { timeout: 60_000 } },
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          // One stack for the whole run.
          globalSetup: ['infra/e2e/setup.ts'],
          include: ['infra/e2e/**/*.e2e.ts'],
          exclude: ignore,
          testTimeout: 240_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
