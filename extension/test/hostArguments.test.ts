import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostArguments } from '../src/hostArguments';

test('hostArguments_each_kind_of_setting_is_the_hosts_option', () =>
  assert.deepEqual(hostArguments({ port: 4100, account: 'my org', euOnly: true, portalUrl: 'http://127.0.0.1:4080' }), ['--port', '4100', '--account', 'my org', '--eu-only', '--portal-url', 'http://127.0.0.1:4080']));
test('hostArguments_what_is_empty_or_off_says_nothing', () => assert.deepEqual(hostArguments({ account: '', euOnly: false }), []));
