// Steps of one window, one after another: a step that fails shows what was on the screen and leaves no review to the next one.
export function steps(t, { product, workbench, window }) {
  return (name, run) => t.test(name, { timeout: 150_000 }, async (inner) => {
    try {
      await run(inner);
    } catch (error) {
      t.diagnostic(workbench.extensionLog().split('\n').slice(-30).join('\n'));
      await window.screenshot(`failed-${name.replaceAll(/\W+/g, '-').slice(0, 40)}`);
      for (const { id } of await product.reviews()) await product.verdict(id, { kind: 'reject', person: 'tidy', reason: 'left by a failed step' });
      await window.page.keyboard.press('Escape');
      throw error;
    }
  });
}
