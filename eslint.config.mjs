import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const nodeBuiltins = { group: ['node:*'], message: 'Workflow code runs in a sandbox: no Node built-ins.' };
const workflows = { group: ['**/workflows/**', '**/workflows'], message: 'Only worker.ts and cli.ts may.' };
const activities = { group: ['**/activities/**', '**/activities'], message: 'Only worker.ts and cli.ts may.' };
const slices = ['orders', 'billing', 'inventory', 'payments', 'fulfilment', 'analytics'].map(
  (slice) => `**/${slice}/**`,
);
const http = ['hono', 'hono/*', '@hono/node-server', '**/http/**'];

const restrict = (files, patterns, extra = {}) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }], ...extra },
});

/** Which way imports may point (design, section 4): routes → mediator ← slices → outbox/platform. */
const importDirection = [
  restrict(['src/**/*.ts'], [workflows, activities, { group: http, message: 'Only routes and http/ know HTTP.' }]),
  restrict(['src/http/**/*.ts', 'src/*/routes.ts', 'src/cli/*.ts', 'src/*.ts'], [workflows, activities]),
  restrict(
    ['src/{mediator,outbox,inbox,messaging,platform}/**/*.ts'],
    [workflows, activities, { group: [...slices, ...http], message: 'Mechanisms know no slice and no HTTP.' }],
  ),
  restrict(['src/*/*/routes.ts', 'src/payments/webhooks/*.ts'], [workflows, activities]),
  restrict(
    ['src/platform/**/*.ts'],
    [
      workflows,
      activities,
      {
        group: [...slices, ...http, '**/mediator/**', '**/outbox/**', '**/inbox/**', '**/messaging/**'],
        message: 'platform/ is the ground: it imports nothing of ours but config.',
      },
    ],
  ),
  restrict(
    ['src/*/{order,invoice,payment,ledger,provisioning,shipment,payable}.ts'],
    [
      {
        regex: '^(?!\\./|\\.\\./platform/refusal$|\\.\\./orders/order$|\\.\\./billing/invoice$)',
        message: 'The domain is pure.',
      },
    ],
  ),
  restrict(
    ['workflows/**/*.ts'],
    [
      nodeBuiltins,
      { group: ['**/activities', '**/activities/**'], allowTypeImports: true, message: 'Workflows import types only.' },
      { group: ['**/src/**', '!**/src/contract'], message: 'Of src/, workflows import the contract only.' },
    ],
  ),
  // The sagas' test kit runs outside the sandbox.
  {
    files: ['workflows/saga/testing/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off' },
  },
  // What the local stack, the benchmark and the tests share knows none of them.
  restrict(
    ['testing/**/*.ts'],
    [{ regex: '^(\\.\\./)+(dev|bench|test)/', message: 'testing/ is below dev/, bench/ and test/.' }],
  ),
  { files: ['src/worker.ts', 'src/cli.ts'], rules: { '@typescript-eslint/no-restricted-imports': 'off' } },
];

export default tseslint.config(
  { ignores: ['dist', '.paysaga', 'node_modules', 'src/platform/prisma'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommended, importX.flatConfigs.typescript],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.js', '.json'] })] },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-invalid-void-type': 'off',
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'config.ts reads the environment.' },
      ],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
    },
  },
  ...importDirection,
  {
    files: [
      'src/config.ts',
      'src/cli/configure.ts',
      'testing/**',
      'dev/**',
      'bench/**',
      'examples/**',
      'test/**',
      'prisma.config.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  { files: ['prisma.config.ts', 'jest.config.js'], rules: { 'import-x/no-default-export': 'off' } },
);
