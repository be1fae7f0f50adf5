import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdsSecrets } from '../src/secrets';

for (const line of ["Sending request 'account/token - (5)'.", "Received response 'terminal/environment - (3)' in 5ms.", "Received response 'mcp/server - (9)' in 1ms.", "Received response 'portal/link - (9)' in 1ms."])
  test(`holdsSecrets_${line.split("'")[1]}_is_true`, () => assert.ok(holdsSecrets(line)));
test('holdsSecrets_a_review_is_false', () => assert.ok(!holdsSecrets("Received notification 'review/opened'.")));
