import DOMPurify from 'dompurify';
import mermaid from 'mermaid';
import { expect, it } from 'vitest';
import { blocksOf } from './markdown.js';
import { allPages } from './pages.js';

// Mermaid cleans labels by means of a browser's document. Here nothing is shown, so nothing needs cleaning.
Object.assign(DOMPurify, { addHook: () => undefined, sanitize: (text: string) => text });

const pictures = allPages().flatMap(({ path, text }) =>
  blocksOf(text)
    .filter(({ language }) => language === 'mermaid')
    .map(({ code, line }) => ({ place: `${path}:${line}`, code })),
);

it('every picture is one that Mermaid can draw', async () => {
  expect(pictures.length).toBeGreaterThan(15);
  const faults = [];
  for (const { place, code } of pictures) {
    await mermaid.parse(code).catch((error: Error) => faults.push(`${place}: ${error.message}`));
  }
  expect(faults).toEqual([]);
  await expect(mermaid.parse('flowchart LR\n  a -->')).rejects.toThrow();
});
