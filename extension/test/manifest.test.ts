import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

interface Manifest {
  version: string;
  main: string;
  extensionKind: string[];
  capabilities: { untrustedWorkspaces: { supported: string; description: string; restrictedConfigurations: string[] } };
  contributes: {
    commands: { command: string; title: string }[];
    menus: Record<string, { command: string }[]>;
    keybindings: { command: string }[];
    configuration: { properties: Record<string, { default: unknown; scope: string; description?: string; markdownDescription?: string }> };
  };
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const source = readdirSync('src').map((name) => readFileSync(`src/${name}`, 'utf8')).join('\n');
const settings = manifest.contributes.configuration.properties;

test('settings_declared_and_read_are_the_same_with_the_same_defaults', () => {
  const read = Object.fromEntries([...readFileSync('src/settings.ts', 'utf8').matchAll(/from\.get(?:<[^>]+>)?\('([\w.]+)', ([^)]+)\)/g)]
    .map(([, name = '', value = '']) => [`editorbridge.${name}`, JSON.parse(value.replaceAll("'", '"')) as unknown]));
  assert.ok(Object.keys(read).length >= 6);
  assert.deepEqual(read, Object.fromEntries(Object.entries(settings).map(([name, setting]) => [name, setting.default])));
});

test('settings_each_has_a_description_and_a_scope', () => {
  for (const [name, setting] of Object.entries(settings)) {
    assert.ok((setting.description ?? setting.markdownDescription ?? '').length > 20, `${name} has no description`);
    assert.ok(setting.scope, `${name} has no scope`);
  }
});

test('settings_that_choose_a_program_cannot_come_from_a_workspace', () => {
  for (const [name, setting] of Object.entries(settings).filter(([key]) => /path|arguments|command/i.test(key))) {
    assert.equal(setting.scope, 'machine', name);
    assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(name), `${name} is not restricted`);
  }
  for (const name of manifest.capabilities.untrustedWorkspaces.restrictedConfigurations) assert.ok(name in settings, `${name} is restricted but not declared`);
});

test('commands_declared_and_registered_are_the_same', () => {
  const table = /\.\.\.commands\(\{(.*?)\n {4}\}\)/s.exec(source)?.[1] ?? '';
  const registered = [...table.matchAll(/^ {6}(\w+): /gm)].map(([, name = '']) => `editorbridge.${name}`);
  assert.deepEqual(registered.sort(), manifest.contributes.commands.map((entry) => entry.command).sort());
});

test('menus_and_keys_name_declared_commands', () => {
  const declared = new Set(manifest.contributes.commands.map((entry) => entry.command));
  for (const entry of [...Object.values(manifest.contributes.menus).flat(), ...manifest.contributes.keybindings]) assert.ok(declared.has(entry.command), entry.command);
});

test('manifest_runs_where_the_files_are', () => assert.deepEqual(manifest.extensionKind, ['workspace']));

test('manifest_version_is_the_products', () => {
  const version = /<Version>([^<]+)<\/Version>/.exec(readFileSync('../Directory.Build.props', 'utf8'))?.[1];
  assert.equal(manifest.version, version);
});

test('sources_talk_to_nobody_but_the_backend', () => {
  assert.doesNotMatch(source, /from '(node:)?(https?|net|tls|dgram)'|\bfetch\(|XMLHttpRequest|WebSocket/);
});
