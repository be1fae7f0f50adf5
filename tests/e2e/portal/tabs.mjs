// For the benchmark portal-memory: opens as many tabs of the portal as each line of its input asks for, and says "open" when all show their page. Ends with its input.
import readline from 'node:readline';
import { chromium } from 'playwright-core';
import { locate } from '../../../scripts/lib/clients.mjs';

const pages = ['/', '/calls?range=90d', '/calls?q=state:rejected&range=90d', '/sessions?range=90d', '/policies?range=90d', '/spend?range=90d', '/mcp?range=90d', '/egress?range=90d', '/integrity', '/reviews'];

const link = new URL(process.argv[2]);
const browser = await chromium.launch({ executablePath: process.env.EDITORBRIDGE_CHROMIUM ?? locate('chromium'), args: ['--no-sandbox', '--disable-gpu'] });
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const first = await context.newPage();
  await first.goto(link.href);
  await first.waitForURL(`${link.origin}/`);
  await first.close();

  let number = 0;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    for (let i = 0; i < Number(line); i++, number++) {
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      await page.goto(`${link.origin}${pages[number % pages.length]}`);
      await page.locator('main h1, header h1, h1').first().waitFor();
      await page.getByText('Reading…').waitFor({ state: 'detached' });
    }
    console.log('open');
  }
} finally {
  await browser.close();
}
