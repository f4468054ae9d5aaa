import boundaries from 'eslint-plugin-boundaries';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/**
 * Which folder imports which. Layers point down, and modules import the modules they name here; what the list does
 * not allow is an error (docs/architecture.md).
 */
const mechanisms = ['http', 'cqrs', 'events', 'platform', 'contract', 'module'];
const modules = ['domain', 'sagas', 'kafka', 'outbox', ...mechanisms];
const mayImport = {
  contract: [],
  module: ['kafka', 'http', 'cqrs', 'events'],
  platform: ['contract'],
  events: ['platform'],
  cqrs: ['events', 'platform', 'contract'],
  http: ['cqrs', 'platform'],
  kafka: ['cqrs', 'events', 'platform', 'contract'],
  outbox: ['kafka', ...mechanisms],
  sagas: mechanisms,
  domain: ['cqrs', 'events', 'platform'],
  analytics: modules,
  billing: modules,
  inventory: modules,
  keys: modules,
  retention: mechanisms,
  'dead-letters': ['kafka', ...mechanisms],
  fulfilment: ['inventory', ...modules],
  orders: ['inventory', ...modules],
  payments: ['orders', ...modules],
  reconciliation: ['payments', ...modules],
  workflows: ['contract', 'activities'],
  activities: [
    'retention',
    'analytics',
    'billing',
    'fulfilment',
    'inventory',
    'orders',
    'payments',
    'reconciliation',
    ...modules,
  ],
  cli: ['inventory', 'keys', 'payments', 'dead-letters', ...modules],
};
const folders = Object.keys(mayImport);

const inSrc = (folder) => !['contract', 'module', 'workflows', 'activities'].includes(folder);
const boundarySettings = {
  'boundaries/elements': [
    ...folders.filter(inSrc).map((type) => ({ type, pattern: `src/${type}` })),
    ...['workflows', 'activities'].map((type) => ({ type, pattern: type })),
  ],
  'boundaries/files': [
    { category: 'contract', pattern: 'src/temporal-contract.ts' },
    { category: 'module', pattern: 'src/define-module.ts' },
    { category: 'composition', pattern: 'src/!(temporal-contract|define-module).ts' },
  ],
  'import/resolver': { node: { extensions: ['.ts', '.js', '.json'] } },
};

const element = (type) =>
  ['contract', 'module'].includes(type) ? { file: { categories: type } } : { element: { type } };
const boundaryPolicies = [
  ...folders.flatMap((type) =>
    [type, ...mayImport[type]].map((to) => ({ from: element(type), allow: { to: element(to) } })),
  ),
  ...folders.map((type) => ({ from: { file: { categories: 'composition' } }, allow: { to: element(type) } })),
  { from: { file: { categories: 'composition' } }, allow: { to: { file: { categories: 'composition' } } } },
  { from: element('cli'), allow: { to: { file: { categories: 'composition' } } } },
];

const restrict = (files, patterns, ignores = []) => ({
  files,
  ignores,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
});
const http = { group: ['hono', 'hono/*', '@hono/node-server'], message: 'Only routes and http/ know HTTP.' };
const purity = {
  regex:
    '^(?!\\./|\\.\\./(cqrs/(message|unit-of-work)|events/registry|platform/(refusal|schemas|database/table))$|(@hono/zod-openapi|zod)$)',
  message: 'The domain is pure: it decides on data and declares its events and tables.',
};

/** Workflow code runs in a sandbox: no Node built-ins, and of the activities the types alone. */
const sandbox = restrict(
  ['workflows/**/*.ts'],
  [
    { group: ['node:*'], message: 'Workflow code runs in a sandbox: no Node built-ins.' },
    { group: ['**/activities', '**/activities/**'], allowTypeImports: true, message: 'Import types only.' },
  ],
  ['workflows/saga/testing/**'],
);

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
      'import-x/order': [
        'error',
        {
          alphabetize: { order: 'asc' },
          'newlines-between': 'never',
          // The package's own name, which resolves only when it is built.
          pathGroups: [{ pattern: 'paysaga/**', group: 'external' }],
          pathGroupsExcludedImportTypes: [],
        },
      ],
      'import-x/no-default-export': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'config.ts reads the environment.' },
      ],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts'],
    plugins: { boundaries },
    settings: boundarySettings,
    rules: {
      'boundaries/dependencies': ['error', { default: 'disallow', policies: boundaryPolicies }],
      'boundaries/no-unknown-files': 'error',
    },
  },
  sandbox,
  restrict(['src/{platform,events,cqrs,kafka,outbox,sagas,retention}/**/*.ts'], [http], ['src/*/routes.ts']),
  restrict(['src/domain/**/*.ts'], [purity]),
  restrict(
    ['testing/**/*.ts'],
    [{ regex: '^(\\.\\./)+(dev|bench|test)/', message: 'testing/ is below dev/, bench/ and test/.' }],
  ),
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
