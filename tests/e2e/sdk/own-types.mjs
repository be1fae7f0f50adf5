// Holds messages to the type declarations of the SDK that put them together, by having the compiler read them as literals.
// What an account's answer leaves out may be missing: members a declaration calls "… | null", and `caller`, which came later than
// the account's API. Answers pass byte for byte, so nothing is added. Members that an old SDK does not know may be there.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { locate } from '../../../scripts/lib/clients.mjs';
import { finish } from '../../../scripts/lib/processes.mjs';
import { root } from '../../../scripts/lib/repository.mjs';

const declarations = `
import type Anthropic from '@anthropic-ai/sdk';
type Absent<T> = { [K in keyof T]: null extends T[K] ? K : K extends 'caller' ? K : never }[keyof T];
type OrMissing<T> = T extends readonly (infer Item)[] ? readonly OrMissing<Item>[]
  : T extends object ? { [K in Exclude<keyof T, Absent<T>>]: OrMissing<T[K]> } & { [K in Absent<T>]?: OrMissing<T[K]> }
  : T;
`;

export async function assertTyped(program, messages) {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'editorbridge-types-'));
  try {
    const sdk = locate(program.client);
    fs.symlinkSync(sdk.slice(0, sdk.indexOf('node_modules') + 'node_modules'.length), path.join(folder, 'node_modules'));
    const literals = messages.map(({ parsed_output: _, ...message }) => JSON.stringify(message));
    fs.writeFileSync(path.join(folder, 'messages.ts'), `${declarations}const given = [\n${literals.join(',\n')},\n] as const;\nexport const messages: readonly OrMissing<Anthropic.Messages.Message>[] = given;\n`);
    const options = { noEmit: true, strict: true, skipLibCheck: true, target: 'es2022', lib: ['es2023', 'dom', 'dom.iterable'], module: 'nodenext', moduleResolution: 'nodenext', types: [] };
    fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['messages.ts'] }));
    const { code, output } = await finish(process.execPath, [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder], { cwd: folder });
    assert.equal(code, 0, output);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
