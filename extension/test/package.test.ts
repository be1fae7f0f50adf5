import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

test('vscodeignore_leaves_out_everything_but_a_short_list', () => {
  const lines = readFileSync('.vscodeignore', 'utf8').trim().split('\n');
  assert.equal(lines[0], '**');
  assert.deepEqual(lines.slice(1).sort(), ['!CHANGELOG.md', '!LICENSE', '!README.md', '!backend/**', '!dist/extension.js', '!media/**', '!package.json']);
});

test('readme_shows_pictures_that_exist', () => {
  const pictures = [...readFileSync('README.md', 'utf8').matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, file = '']) => file);
  assert.ok(pictures.length >= 2);
  for (const picture of pictures) assert.ok(readFileSync(picture).byteLength > 10_000, picture);
});

test('changelog_has_the_version', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  assert.ok(readFileSync('CHANGELOG.md', 'utf8').includes(`## ${version}`));
});
