import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

// The two sources of one contract, compared as text: names, order, types and nullability.
const cs = readFileSync('../src/EditorBridge.Server/Editor/EditorProtocol.cs', 'utf8');
const ts = readFileSync('src/protocol.ts', 'utf8');

const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function csRecords(): Map<string, string[]> {
  return new Map([...cs.matchAll(/public sealed record (\w+)\(([^)]*)\);/g)].map(([, name = '', fields = '']) => [name, parameters(fields).map((parameter) => {
    const [, type = '', field = ''] = /^(.*\S)\s+(\w+)$/.exec(parameter) ?? [];
    return `${camel(field)}: ${tsType(type)}`;
  })]));
}

function parameters(list: string): string[] {
  return list.split(/,(?![^<]*>)/).map((parameter) => parameter.trim()).filter(Boolean);
}

function tsType(type: string): string {
  if (type.endsWith('?')) return `${tsType(type.slice(0, -1))} | null`;
  if (type.endsWith('[]')) return `${tsType(type.slice(0, -2))}[]`;
  const dictionary = /^Dictionary<string, (\w+)>$/.exec(type);
  if (dictionary) return `Record<string, ${tsType(dictionary[1] ?? '')}>`;
  return { string: 'string', DateTimeOffset: 'string', int: 'number', long: 'number', double: 'number', bool: 'boolean' }[type] ?? type;
}

function tsInterfaces(): Map<string, string[]> {
  return new Map([...ts.matchAll(/export interface (\w+) \{([^}]*)\}/g)].map(([, name = '', body = '']) => [name, [...body.matchAll(/^\s+(\w+: .+);$/gm)].map(([, field = '']) => field)]));
}

function constants(text: string, pattern: RegExp): Record<string, string> {
  return Object.fromEntries([...text.matchAll(pattern)].map(([, name = '', value = '']) => [name, value]));
}

test('protocol_payloads_of_both_sides_are_equal', () => {
  const [server, client] = [csRecords(), tsInterfaces()];
  assert.ok(server.size >= 16, `only ${server.size} records were read from EditorProtocol.cs`);
  assert.deepEqual([...client.keys()].sort(), [...server.keys()].sort());
  for (const [name, fields] of server) assert.deepEqual(client.get(name), fields, name);
});

test('protocol_methods_of_both_sides_are_equal', () => {
  const server = constants(cs, /public const string (\w+) = "([^"]+)";/g);
  const client = constants(ts, /^ {2}(\w+): '([^']+)',$/gm);
  assert.ok(Object.keys(server).length >= 11);
  assert.deepEqual(client, server);
});

test('protocol_error_codes_of_both_sides_are_equal', () => {
  const client = constants(ts, /^ {2}(\w+): (-\d+),$/gm);
  assert.equal(Object.keys(client).length, 3);
  assert.deepEqual(client, constants(cs, /public const int (\w+) = (-\d+);/g));
});

test('protocol_versions_of_both_sides_are_equal', () => {
  const server = /ProtocolVersion = (\d+);/.exec(cs)?.[1];
  assert.ok(server);
  assert.equal(/PROTOCOL_VERSION = (\d+);/.exec(ts)?.[1], server);
});
