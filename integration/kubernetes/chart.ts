/** Renders the chart of docker/kubernetes as `helm template` does, as far as the chart makes use of Helm. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { FOLDER, type Manifest, objectsIn } from './manifests.js';

const CHART = join(FOLDER, 'chart');

type Values = Readonly<Record<string, unknown>>;

export const defaultValues = (): Values => parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Values;

/**
 * @param release its name
 * @param values those of values.yaml with changes
 */
export function rendered(release: string, values: Values): readonly Manifest[] {
  const scope = { Release: { Name: release }, Values: values };
  return readdirSync(join(CHART, 'templates')).flatMap((file) => {
    const text = textOf(readFileSync(join(CHART, 'templates', file), 'utf8'), scope);
    return text.trim() === '' ? [] : objectsIn(text);
  });
}

interface Part {
  /** Text, or what stands between braces. */
  readonly kind: 'text' | 'action';
  readonly text: string;
}

/** Splits a template; `{{-` takes the blanks and line ends before it along. */
function partsOf(template: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(/(\s*)\{\{(-?) (.*?) \}\}/g)) {
    const [whole, blanks = '', dash, action = ''] = match;
    parts.push({ kind: 'text', text: template.slice(at, match.index) + (dash === '-' ? '' : blanks) });
    parts.push({ kind: 'action', text: action });
    at = match.index + whole.length;
  }
  parts.push({ kind: 'text', text: template.slice(at) });
  return parts;
}

function textOf(template: string, scope: Values): string {
  const parts = partsOf(template);
  const text = block(parts, scope);
  if (parts.length > 0) throw new Error(`an end too many: {{ ${parts[0]?.text} }}`);
  return text;
}

/** Takes parts from the list until its `end` or `else`, which it leaves. */
function block(parts: Part[], scope: Values): string {
  let text = '';
  for (let part = parts[0]; part !== undefined; part = parts[0]) {
    if (part.kind === 'action' && (part.text === 'end' || part.text === 'else')) break;
    parts.shift();
    if (part.kind === 'text') text += part.text;
    else if (part.text.startsWith('if ')) text += either(parts, scope, Boolean(valueAt(part.text.slice(3), scope)));
    else if (part.text.startsWith('range '))
      text += each(parts, valueAt(part.text.slice(6), scope) as readonly unknown[]);
    else text += piped(part.text, scope);
  }
  return text;
}

function either(parts: Part[], scope: Values, holds: boolean): string {
  const then = block(parts, scope);
  const hasElse = parts[0]?.text === 'else';
  if (hasElse) parts.shift();
  const otherwise = hasElse ? block(parts, scope) : '';
  close(parts);
  return holds ? then : otherwise;
}

function each(parts: Part[], items: readonly unknown[]): string {
  const before = [...parts];
  let text = '';
  // Rendered once in any case, so that the block's end is found.
  for (const item of items.length === 0 ? [''] : items) {
    parts.splice(0, parts.length, ...before);
    const one = block(parts, { '': item });
    if (items.length > 0) text += one;
  }
  close(parts);
  return text;
}

function close(parts: Part[]): void {
  if (parts.shift()?.text !== 'end') throw new Error('an end is missing');
}

/** @param path `.Values.image`, or `.` for the item of a range */
function valueAt(path: string, scope: Values): unknown {
  if (!/^\.[\w.]*$/.test(path)) throw new Error(`these tests do not know what Helm does with {{ ${path} }}`);
  if (path === '.') return scope[''];
  let value: unknown = scope;
  for (const name of path.slice(1).split('.')) {
    if (typeof value !== 'object' || value === null || !(name in value)) throw new Error(`there is no value ${path}`);
    value = (value as Values)[name];
  }
  return value;
}

function piped(action: string, scope: Values): string {
  const [first = '', ...filters] = action.split(' | ');
  const isYaml = first.startsWith('toYaml ');
  const value = valueAt(isYaml ? first.slice(7) : first, scope);
  let text = isYaml ? stringify(value).trimEnd() : String(value);
  for (const filter of filters) {
    const indent = /^nindent (\d+)$/.exec(filter)?.[1];
    if (filter === 'quote') text = JSON.stringify(text);
    else if (indent !== undefined) text = `\n${text.replace(/^/gm, ' '.repeat(Number(indent)))}`;
    else throw new Error(`these tests do not know what Helm does with | ${filter}`);
  }
  return text;
}
