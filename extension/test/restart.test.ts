import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CrashHistory, MAX_CRASHES, OneAtATime } from '../src/restart';

test('run_three_wishes_during_a_run_lead_to_one_more', async () => {
  let started = 0;
  let release = (): void => undefined;
  const restarts = new OneAtATime(async () => {
    started++;
    if (started === 1) await new Promise<void>((resolve) => (release = resolve));
  });
  const first = restarts.run();
  const others = [restarts.run(), restarts.run(), restarts.run()];
  release();
  await Promise.all([first, ...others]);
  assert.equal(started, 2);
});

test('run_after_a_failure_runs_again', async () => {
  let runs = 0;
  const restarts = new OneAtATime(() => (++runs === 1 ? Promise.reject(new Error('no')) : Promise.resolve()));
  await assert.rejects(restarts.run(), /no/);
  await restarts.run();
  assert.equal(runs, 2);
});

test('record_crashes_in_a_row_wait_longer_then_give_up', () => {
  const history = new CrashHistory();
  const delays = Array.from({ length: MAX_CRASHES }, (_, i) => history.record(i * 1000));
  assert.deepEqual(delays, [250, 500, 1000, 2000, undefined]);
});

test('record_crashes_far_apart_never_give_up', () => {
  const history = new CrashHistory();
  assert.ok(Array.from({ length: 20 }, (_, i) => history.record(i * 200_000)).every((delay) => delay === 250));
});

test('clear_forgets_crashes', () => {
  const history = new CrashHistory();
  for (let i = 0; i < MAX_CRASHES; i++) history.record(0);
  history.clear();
  assert.equal(history.record(1), 250);
});
