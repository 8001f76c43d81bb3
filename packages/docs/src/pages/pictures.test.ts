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

/** The pages are about 90 characters wide on GitHub, and less on the site. */
const LABEL_MAX = 48;
const TEXT_PICTURE_MAX = 80;

it('no label of a picture makes it wider than a page', () => {
  const labels = pictures.flatMap(({ place, code }) =>
    [...code.matchAll(/^ +(?:Note [^:]+|\w+-{1,2}>>\w+): (.*)$/gm)].map(([, label = '']) => ({ place, label })),
  );
  expect(labels.length).toBeGreaterThan(50);
  const long = labels.filter(({ label }) => label.split('<br/>').some((line) => line.length > LABEL_MAX));
  expect(long).toEqual([]);
});

it('a picture in text fits into 80 columns', () => {
  const texts = allPages().flatMap(({ path, text }) =>
    blocksOf(text)
      .filter(({ language, code }) => language === '' && /[│┌└]|\|--|<-|->/.test(code))
      .map(({ code, line }) => ({
        place: `${path}:${line}`,
        width: Math.max(...code.split('\n').map((each) => each.length)),
      })),
  );
  expect(texts.length).toBeGreaterThan(3);
  expect(texts.filter(({ width }) => width > TEXT_PICTURE_MAX)).toEqual([]);
});
