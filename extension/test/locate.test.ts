import assert from 'node:assert/strict';
import { test } from 'node:test';
import { locate, type Surroundings } from '../src/locate';

function around(files: string[], over: Partial<Surroundings> = {}): Surroundings {
  return { configured: '', dotnet: '', bundle: '/ext/backend', platform: 'linux', searchPath: '/usr/bin:/opt/bin', exists: (file) => files.includes(file), ...over };
}

const FOUND: [name: string, surroundings: Surroundings, file: string, args: string[], source: string][] = [
  ['a bundled program', around(['/ext/backend/editorbridge', '/usr/bin/editorbridge']), '/ext/backend/editorbridge', [], 'bundled'],
  ['a bundled library', around(['/ext/backend/editorbridge.dll', '/opt/bin/dotnet']), '/opt/bin/dotnet', ['/ext/backend/editorbridge.dll'], 'bundled'],
  ['a configured dotnet', around(['/ext/backend/editorbridge.dll', '/opt/bin/dotnet', '/net/dotnet'], { dotnet: '/net/dotnet' }), '/net/dotnet', ['/ext/backend/editorbridge.dll'], 'bundled'],
  ['a program on PATH', around(['/opt/bin/editorbridge']), '/opt/bin/editorbridge', [], 'path'],
  ['a configured program', around(['/x/eb', '/ext/backend/editorbridge'], { configured: '/x/eb' }), '/x/eb', [], 'setting'],
  ['a configured library', around(['/x/eb.dll', '/usr/bin/dotnet'], { configured: '/x/eb.dll' }), '/usr/bin/dotnet', ['/x/eb.dll'], 'setting'],
  ['Windows', around(['C:\\ext\\editorbridge.exe'], { platform: 'win32', bundle: 'C:\\ext' }), 'C:\\ext\\editorbridge.exe', [], 'bundled'],
];
for (const [name, surroundings, file, args, source] of FOUND) test(`locate_${name.replaceAll(' ', '_')}_is_found`, () => assert.deepEqual(locate(surroundings), { file, args, source }));

const MISSING: [name: string, surroundings: Surroundings, problem: RegExp, needsDotnet: boolean][] = [
  ['nothing anywhere', around([]), /was not found.*editorbridge\.server\.path/s, false],
  ['a setting that points nowhere', around(['/ext/backend/editorbridge'], { configured: '/gone' }), /\/gone, which does not exist/, false],
  ['no runtime', around(['/ext/backend/editorbridge.dll']), /needs the ASP\.NET Core 10 runtime/, true],
  ['only a relative PATH entry', around(['bin/editorbridge'], { searchPath: 'bin' }), /was not found/, false],
];
for (const [name, surroundings, problem, needsDotnet] of MISSING)
  test(`locate_${name.replaceAll(' ', '_')}_says_why`, () => {
    const answer = locate(surroundings);
    assert.ok('problem' in answer);
    assert.match(answer.problem, problem);
    assert.equal(answer.needsDotnet, needsDotnet);
  });
