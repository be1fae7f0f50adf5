import * as vscode from 'vscode';
import type { FindingView } from './protocol';
import { plain, positionAt } from './text';

/** A finding as VS Code shows it, in the text it was found in. Without a place it stands at the top. */
export function diagnosticOf(text: string, finding: FindingView): vscode.Diagnostic {
  const from = positionAt(text, Math.max(0, finding.start));
  const to = positionAt(text, Math.max(0, finding.start) + (finding.start < 0 ? 0 : finding.length));
  const diagnostic = new vscode.Diagnostic(new vscode.Range(from.line, from.character, to.line, to.character), plain(finding.message, 400), severityOf(finding.severity));
  diagnostic.code = finding.ruleId;
  diagnostic.source = 'EditorBridge';
  return diagnostic;
}

function severityOf(severity: string): vscode.DiagnosticSeverity {
  switch (severity) {
    case 'critical':
    case 'high': return vscode.DiagnosticSeverity.Error;
    case 'medium': return vscode.DiagnosticSeverity.Warning;
    case 'low': return vscode.DiagnosticSeverity.Information;
    default: return vscode.DiagnosticSeverity.Hint;
  }
}
