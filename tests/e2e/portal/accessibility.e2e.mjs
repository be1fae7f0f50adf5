// Every page of the portal as axe-core sees it, in both schemes: what it calls serious or critical is a failure.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { locate } from '../../../scripts/lib/clients.mjs';
import { missing } from '../harness.mjs';
import { PortalJourney } from './browser.mjs';

const skip = missing('chromium') || missing('axe-core-4.14.1');
const grave = ['serious', 'critical'];

/** What axe finds on the page as it stands, one line per rule and element. */
async function findings(page) {
  // Evaluated by the debugger, so the page's own content security policy is neither loosened nor asked.
  await page.evaluate(fs.readFileSync(locate('axe-core-4.14.1'), 'utf8'));
  const { passes, violations } = await page.evaluate(() => globalThis.axe.run(document));
  assert.ok(passes.length >= 10, `axe had nothing to look at: ${passes.length} rules applied`);
  return violations
    .filter(({ impact }) => grave.includes(impact))
    .flatMap(({ id, impact, nodes }) => nodes.map(({ html, any }) => `${impact} ${id}: ${html.slice(0, 160)} ${any[0]?.message ?? ''}`));
}

test('no page has a serious finding of axe, in the light and in the dark', { skip }, async (t) => {
  const journey = await PortalJourney.start(t);
  await journey.ask('Read', { file_path: journey.product.file('a.sql') });
  const rejected = journey.write('first.sql', 'drop table raw.shop.orders;\n');
  const first = await journey.product.waitForReview();
  await journey.product.verdict(first.id, { kind: 'reject', person: 'bo', reason: 'No.' });
  await rejected;
  const held = journey.write('cleanup.sql', 'drop table raw.shop.orders_staging;\ndelete from raw.shop.orders;\n');
  const review = await journey.product.waitForReview();

  const look = await journey.signedIn();
  await journey.open(look, '/calls?q=state:pending&range=24h', 'Tool calls');
  const call = await look.locator('tbody a[data-row]').first().getAttribute('href');
  await look.context().close();

  const pages = {
    '/': 'Overview', '/reviews': 'Reviews', '/calls?q=&range=24h': 'Tool calls', [`/${call}`]: 'Call', '/sessions': 'Sessions',
    '/sessions/7d4e2f1a-91f4-4f0e-8a6c-5b2c0f011b9a': 'Session', '/policies': 'Policies', '/spend': 'Models & spend', '/mcp': 'MCP servers', '/egress': 'Egress',
    '/integrity': 'Integrity', '/reconciliation': 'Reconciliation', '/exports': 'Exports', '/access': 'Access log', '/settings': 'Settings', '/nowhere': 'Not found',
  };
  for (const colorScheme of ['light', 'dark']) {
    const page = await journey.signedIn({ colorScheme });
    for (const [address, heading] of Object.entries(pages)) {
      await journey.open(page, address, heading);
      await page.getByText('Reading…').waitFor({ state: 'detached' });
      assert.deepEqual(await findings(page), [], `${address} ${colorScheme}`);
    }
    await page.context().close();
  }
  await journey.product.verdict(review.id, { kind: 'reject', person: 'bo', reason: 'Done.' });
  await held;
});

test('the sign-in page has no serious finding of axe', { skip }, async (t) => {
  const journey = await PortalJourney.start(t);
  const page = await journey.stranger();
  await page.goto(`${journey.url}/`);
  await page.locator('h1').waitFor();
  assert.deepEqual(await findings(page), []);
});
