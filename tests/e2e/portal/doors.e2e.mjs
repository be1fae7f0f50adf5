import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { missing } from '../harness.mjs';
import { PortalJourney } from './browser.mjs';

const skip = missing('chromium');

test('a link opens once; without one every page is the sign-in page', { skip }, async (t) => {
  const journey = await PortalJourney.start(t);
  const page = await journey.stranger();
  await page.goto(`${journey.url}/calls`);
  await page.getByRole('heading', { name: 'Sign in with a link' }).waitFor();
  await journey.picture(page, 'portal-sign-in');

  await page.goto(journey.link);
  await page.waitForURL(`${journey.url}/`);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

  const second = await journey.stranger();
  await second.goto(journey.link);
  await second.getByRole('heading', { name: 'This link has been used' }).waitFor();

  await page.getByLabel(/Signed in as/).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
  await page.goto(journey.url);
  await page.getByRole('heading', { name: 'Sign in with a link' }).waitFor();
});

test('a page of another site gets no circuit', { skip }, async (t) => {
  const journey = await PortalJourney.start(t);
  const page = await journey.signedIn();
  const foreign = http.createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>another site</title>'));
  await new Promise((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  t.after(() => foreign.close());
  await page.goto(`http://127.0.0.1:${foreign.address().port}/`);
  const outcome = await page.evaluate((address) => new Promise((resolve) => {
    const socket = new WebSocket(address);
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  }), `${journey.url.replace('http', 'ws')}/_blazor`);
  assert.equal(outcome, 'refused');
});

test('a role opens its pages by address and no others', { skip }, async (t) => {
  const journey = await PortalJourney.start(t);
  const auditor = await journey.signedIn({ role: 'auditor', person: 'dora' });
  assert.equal((await auditor.goto(`${journey.url}/exports`)).status(), 200);
  assert.equal((await auditor.goto(`${journey.url}/settings`)).status(), 403);
  const developer = await journey.signedIn({ role: 'developer', person: 'dev' });
  for (const address of ['/exports', '/access', '/settings']) assert.equal((await developer.goto(`${journey.url}${address}`)).status(), 403);
  assert.equal((await developer.goto(`${journey.url}/calls`)).status(), 200);
});

test('when the host is gone history stays and verdicts are off', { skip }, async (t) => {
  const journey = await PortalJourney.start(t);
  const page = await journey.signedIn();
  const held = journey.write('cleanup.sql', 'drop table raw.shop.orders;\n').catch((error) => error);
  await journey.open(page, '/reviews', 'Reviews');
  await page.getByRole('button', { name: 'Approve' }).waitFor();
  await journey.product.killHost();
  await page.getByText('History only.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Approve' }).isDisabled(), true);
  await journey.picture(page, 'portal-host-down');
  await held;

  await journey.product.startHost();
  await page.getByText('History only.').waitFor({ state: 'detached' });
  assert.equal(await page.getByRole('button', { name: 'Approve' }).isDisabled(), false);
});
