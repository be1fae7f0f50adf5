import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'backend/', 'node_modules/'] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['src/**/*.ts', 'test/**/*.ts'] })),
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Output belongs in the log channel; the extension host's console is nobody's.
      'no-console': 'error',
      eqeqeq: 'error',
      'no-restricted-imports': ['error', { paths: ['http', 'https', 'net', 'node:http', 'node:https', 'node:net'].map((name) => ({ name, message: 'The extension talks to its own backend over stdio and to nobody else.' })) }],
      'no-restricted-globals': ['error', { name: 'fetch', message: 'No HTTP here: ask the backend.' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  // node:test's `test` returns a promise that the runner itself waits for.
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': 'off' } },
);
