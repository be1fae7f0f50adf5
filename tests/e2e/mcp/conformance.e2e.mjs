// The public conformance suite run through the gateway: as a server with a server of ours behind it, and as the client of
// the suite's own servers, sign-ins included. What is scored is what each revision of the specification requires.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { locate } from '../../../scripts/lib/clients.mjs';
import { programs } from '../../../scripts/lib/repository.mjs';
import { missing, Product } from '../harness.mjs';
import { doorman } from './doorman.mjs';
import { acceptance, connect, fixture, runNode } from './gateway.mjs';

const skip = missing(acceptance);
const suite = locate(acceptance);

/** The fixture without a prefix, so that the suite finds the names it asks for, and allowed everything it asks. */
const server = (args) => ({
  command: fixture, args, prefix: '', trusted: true, allow: ['elicitation', 'sampling', 'roots'], readOnlyTools: tools,
});

const tools = [
  'test_simple_text', 'test_image_content', 'test_audio_content', 'test_embedded_resource', 'test_multiple_content_types', 'test_tool_with_logging', 'test_tool_with_progress',
  'test_error_handling', 'test_reconnection', 'test_streaming_elicitation', 'test_logging_tool', 'test_missing_capability', 'test_header_tool', 'json_schema_2020_12_tool',
  'test_sampling', 'test_elicitation', 'test_elicitation_sep1034_defaults', 'test_elicitation_sep1330_enums',
  ...['elicitation', 'sampling', 'list_roots', 'request_state', 'multiple_inputs', 'multi_round', 'tampered_state', 'capabilities'].map((name) => `test_input_required_result_${name}`),
];

/** The scenarios a run scored and what came of each, from its summary. */
function scored(output) {
  const [summary, rest = ''] = output.slice(output.indexOf('=== SUMMARY ===')).split('Not scored');
  const unscored = new Set([...rest.matchAll(/^\s+\S (\S+) \(/gm)].map((match) => match[1]));
  return [...summary.matchAll(/^\S (\S+): (\d+) passed, (\d+) failed/gm)].filter(([, name]) => !unscored.has(name)).map(([, name, , failed]) => ({ name, failed: Number(failed) }));
}

for (const [revision, required] of [['2025-11-25', 30], ['2026-07-28', 37]]) {
  test(`all ${required} scenarios that revision ${revision} requires of a server pass through the gateway`, { skip, timeout: 240_000 }, async (t) => {
    const product = await Product.start(t);
    const { fixture: health } = await connect(product, { fixture: server([]) });
    assert.equal(health.state, 'ready', JSON.stringify(health));
    const url = await doorman(t, `${product.url}/mcp`, product.token('mcp'));

    const { code, out, err } = await runNode([suite, 'server', '--url', url, '--requirements', revision, '-o', path.join(product.folder, 'results')]);

    assert.equal(code, 0, `${out}\n${err}`);
    assert.deepEqual(scored(out).filter((scenario) => scenario.failed > 0), []);
    assert.equal(scored(out).length, required, out.slice(out.indexOf('=== SUMMARY ===')));
  });
}

test('all 32 scenarios that revision 2026-07-28 requires of a client pass with the gateway as the client', { skip, timeout: 240_000 }, async (t) => {
  const product = await Product.start(t);
  await connect(product, {});
  const { out } = await runNode([suite, 'list', '--client', '--requirements', '2026-07-28']);
  const scenarios = out.slice(out.indexOf('Client scenarios'), out.indexOf('Run and reported')).split('\n').flatMap((line) => /^ {2}- (\S+)$/.exec(line)?.[1] ?? []);
  assert.equal(scenarios.length, 32, out);

  const command = `${process.execPath} ${fileURLToPath(new URL('conformance-client.mjs', import.meta.url))}`;
  const env = { EB_HOST: programs.host, EB_STATE: product.state, EB_URL: product.url };
  const failures = [];
  const waiting = [...scenarios];
  const worker = async () => {
    for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) {
      const began = Date.now();
      const run = await runNode([suite, 'client', '--command', command, '--scenario', scenario, '--spec-version', '2026-07-28', '--timeout', '90000'], { env });
      if (run.code !== 0 || /, [1-9]\d* warnings/.test(run.out)) failures.push(`${scenario}:\n${run.out}\n${run.err}`);
      if (process.env.EDITORBRIDGE_KEEP) fs.writeFileSync(path.join(product.folder, `${scenario.replace('/', '-')}.txt`), `${run.code} ${Date.now() - began} ms\n${run.out}\n${run.err}`);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  assert.deepEqual(failures, []);
});
