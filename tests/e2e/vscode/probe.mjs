// A tiny extension of somebody else's, in a real workbench: what it sees of ours through VS Code's own API, written to a file.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { packFolder } from './vsix.mjs';

const source = (answers) => `
const vscode = require('vscode'), fs = require('node:fs');
exports.activate = (context) => {
  context.subscriptions.push(vscode.commands.registerCommand('probe.run', async () => {
    const answer = {};
    try {
      answer.window = { machine: vscode.env.remoteName ?? null, trusted: vscode.workspace.isTrusted };
      const models = vscode.lm ? await vscode.lm.selectChatModels({ vendor: 'editorbridge' }) : [];
      answer.models = models.map((model) => ({ id: model.id, family: model.family, input: model.maxInputTokens }));
      const [model] = models.filter((each) => each.id === 'claude-sonnet-4-5');
      if (model) {
        const asked = [vscode.LanguageModelChatMessage.User('Say it.\\nsandbox: [{"text":"From the account."}]')];
        const response = await model.sendRequest(asked, { justification: 'a test' }, new vscode.CancellationTokenSource().token);
        answer.said = '';
        for await (const part of response.text) answer.said += part;
        answer.tokens = await model.countTokens('How many orders were there?');
      }
    } catch (e) {
      answer.error = String(e && e.stack || e);
    }
    fs.writeFileSync(${JSON.stringify(answers)}, JSON.stringify(answer));
  }));
};
`;

/** Packs the extension; `answer` reads what it saw when it was last run. */
export async function makeProbe(folder) {
  fs.mkdirSync(folder, { recursive: true });
  const answers = path.join(folder, 'answers.json');
  const manifest = {
    name: 'probe', publisher: 'test', version: '1.0.0', engines: { vscode: '^1.101.0' }, main: './main.js', extensionKind: ['workspace'],
    activationEvents: ['onCommand:probe.run'], contributes: { commands: [{ command: 'probe.run', title: 'Probe: Run' }] },
  };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  fs.writeFileSync(path.join(folder, 'main.js'), source(answers));
  const vsix = await packFolder(folder);
  assert.ok(fs.existsSync(vsix));
  return { vsix, answer: () => (fs.existsSync(answers) ? JSON.parse(fs.readFileSync(answers, 'utf8')) : null) };
}
