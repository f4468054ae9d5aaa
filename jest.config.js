const swc = [
  '@swc/jest',
  { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
];

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': swc, 'schema-engine-wasm/.+\\.js$': swc },
  // The one ES module that a test imports.
  transformIgnorePatterns: ['/node_modules/(?!@prisma/schema-engine-wasm/)'],
  // The end-to-end files start whole processes on the same topics: one file at a time (see dev/test.ts).
  maxWorkers: 1,
  testTimeout: 60_000,
};
