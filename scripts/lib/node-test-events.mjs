// A reporter for `node --test`: one line of JSON for each finished test, so that the test run can count without guessing.
export default async function* nodeTestEvents(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite' && data.skip === undefined) continue; // a suite counts only when it stands for tests that were left out
    const error = data.details?.error;
    const event = {
      passed: type === 'test:pass',
      skipped: data.skip === undefined ? undefined : String(data.skip === true || data.skip === '' ? 'no reason given' : data.skip),
      todo: data.todo !== undefined,
      name: data.name,
      milliseconds: data.details?.duration_ms ?? 0,
      error: error ? `${error.cause?.stack ?? error.cause?.message ?? error.stack ?? error.message}` : undefined,
    };
    yield `\u0001${JSON.stringify(event)}\n`;
  }
}
