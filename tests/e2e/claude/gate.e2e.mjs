// The main job with the real client: what an agent writes passes, waits, is changed or is refused, and the disk shows it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { missing, Product, until } from '../harness.mjs';

// 2.1.112 has hooks that fail open, so below the launcher too the stream holds it; 2.1.330 is held by its hook there.
const ways = [
  { version: '2.1.330', door: 'hook', holder: 'hook' },
  { version: '2.1.330', door: 'stream', holder: 'stream' },
  { version: '2.1.112', door: 'hook', holder: 'stream' },
  { version: '2.1.112', door: 'stream', holder: 'stream' },
];

const write = (product, name, content, id) => ({ tool: 'Write', id, input: { file_path: product.file(name), content } });
const dangerous = '-- no longer loaded\ndrop table raw.shop.orders;\n';

for (const { version, door, holder } of ways) {
  const name = `Claude Code ${version}, ${door === 'hook' ? 'launched by editorbridge' : 'pointed at the proxy'}`;
  const skip = missing(`claude-code-${version}`);

  describe(name, { skip }, () => {
    test(`${name}: a harmless write passes untouched and is byte-exact on disk`, { timeout: 120_000 }, async (t) => {
      const product = await Product.start(t);
      // No blanks before a line's end: Claude Code takes those away itself before it writes (measured on both versions).
      const text = '-- façade “quoted” 雪 😀\r\nselect 1 as "a\tb",\n  \'\\\\n\' as c -- no newline at the end';

      const session = await product.claude({ version, door, turns: [[{ text: 'I will write it.' }, write(product, 'models/façade 雪.sql', text)], { text: 'All written.' }] }).ended;

      assert.equal(session.code, 0, session.errors.join('\n'));
      assert.equal(session.result.result, 'All written.');
      assert.deepEqual(fs.readFileSync(product.file('models/façade 雪.sql')), Buffer.from(text));
      assert.deepEqual(await product.reviews(), []);
    });

    test(`${name}: a DROP TABLE is held until rejected, is not written, and the model gets the reason`, { timeout: 120_000 }, async (t) => {
      const product = await Product.start(t);
      const session = product.claude({ version, door, turns: [[{ text: 'Cleaning up.' }, write(product, 'cleanup.sql', dangerous)], { text: 'I see.' }] });

      const review = await product.waitForReview();
      assert.equal(review.tool, 'Write');
      assert.equal(review.door, holder);
      assert.equal(fs.existsSync(product.file('cleanup.sql')), false);
      await product.verdict(review.id, { kind: 'reject', person: 'alice', reason: 'Finance still reads this table.' });
      await session.ended;

      assert.equal(session.code, 0, session.errors.join('\n'));
      assert.equal(fs.existsSync(product.file('cleanup.sql')), false);
      await assertModelWasTold(product, session, { version, door }, 'Finance still reads this table.');
    });

    test(`${name}: a write approved with an edit puts the edited text on disk`, { timeout: 120_000 }, async (t) => {
      const product = await Product.start(t);
      const session = product.claude({ version, door, turns: [[{ text: 'Cleaning up.' }, write(product, 'cleanup.sql', dangerous)], { text: 'Good.' }] });

      const review = await product.waitForReview();
      const edited = '-- kept for finance\nselect count(*) from raw.shop.orders;\n';
      await product.verdict(review.id, { kind: 'approveEdited', person: 'alice', reason: 'Count first.', text: edited });
      await session.ended;

      assert.equal(session.code, 0, session.errors.join('\n'));
      assert.equal(fs.readFileSync(product.file('cleanup.sql'), 'utf8'), edited);
      const result = (await product.toolResults()).at(-1);
      assert.equal(result.isError, false, result.text);
    });

    test(`${name}: a review nobody answers runs out, nothing is written and the model is told`, { timeout: 120_000 }, async (t) => {
      const product = await Product.start(t, { serve: ['--review-seconds', '10'] });
      const session = product.claude({ version, door, turns: [[{ text: 'Cleaning up.' }, write(product, 'cleanup.sql', dangerous)], { text: 'Nobody was there.' }] });
      await product.waitForReview();
      await session.ended;

      assert.equal(session.code, 0, session.errors.join('\n'));
      assert.equal(fs.existsSync(product.file('cleanup.sql')), false);
      await assertModelWasTold(product, session, { version, door }, 'Nobody answered the review');
    });

    test(`${name}: the host killed while a review waits leaves nothing done and nothing lost`, { timeout: 240_000 }, async (t) => {
      const product = await Product.start(t);
      // A cut stream makes the client ask the model to go on where it stopped, and the model asks for the same write again.
      const again = holder === 'stream' ? [[write(product, 'cleanup.sql', dangerous)]] : [];
      const session = product.claude({ version, door, turns: [[{ text: 'Cleaning up.' }, write(product, 'cleanup.sql', dangerous)], ...again, { text: 'Good.' }] });
      const review = await product.waitForReview();

      await product.killHost();
      assert.equal(fs.existsSync(product.file('cleanup.sql')), false);
      await product.startHost();

      const after = await product.waitForReview();
      assert.equal(after.id, review.id, 'the review is the same one, not asked again');
      assert.equal(fs.existsSync(product.file('cleanup.sql')), false);
      // A hook that finds no host refuses the call. After a cut stream 2.1.330 asks again by itself; 2.1.112 gives up, and a
      // person resumes it. Either way the same call finds its review, or the verdict that was given meanwhile.
      if (holder === 'stream') {
        if (version === '2.1.112') await session.ended;
        await product.verdict(review.id, { kind: 'approve', person: 'alice', reason: 'Checked.' });
        await session.ended;
        const last = version === '2.1.330' ? session : await resume(product, session, { version, door, turns: [...again, { text: 'Good.' }] });
        assert.equal(last.result.result, 'Good.');
        assert.equal(fs.readFileSync(product.file('cleanup.sql'), 'utf8'), dangerous);
        assert.deepEqual(await product.reviews(), [], 'the same call was not asked a second time');
      } else {
        await session.ended;
        await product.verdict(review.id, { kind: 'reject', person: 'alice', reason: 'Too late.' });
        assert.equal(fs.existsSync(product.file('cleanup.sql')), false);
        assert.equal((await product.toolResults()).at(-1).isError, true);
      }
    });
  });
}

/** A hook's refusal is the tool's result at once; a stream's refusal is a text that the next turn carries. */
async function assertModelWasTold(product, session, { version, door }, reason) {
  const results = await product.toolResults();
  if (results.length > 0) {
    assert.equal(results.at(-1).isError, true);
    assert.match(results.at(-1).text, new RegExp(reason));
    return;
  }
  assert.match(session.result.result, new RegExp(reason));
  await resume(product, session, { version, door, turns: [{ text: 'Nothing.' }] });
  assert.ok((await product.newestConversation()).includes(reason), 'the refusal is part of what the model gets next');
}

function resume(product, session, { version, door, turns }) {
  return product.claude({ version, door, turns, prompt: 'Go on.', args: ['--resume', session.result.session_id] }).ended;
}
