/** Takes the docstring of an option apart: what the option is, and what holds if it is left out. */

export interface Docstring {
  /** The text without the sentence about the default, one paragraph a line. */
  readonly text: string;
  /** What holds if the option is left out; undefined if the docstring does not say. */
  readonly otherwise: string | undefined;
}

/**
 * A sentence that gives the default, up to the end of its paragraph: `Default: 300.`, `Default, with peerNames: none.`
 */
const DEFAULT = /(?:^|(?<=[.)] ))Default(,[^:]*)?:? (\S.*)$/;

export function docstringOf(comment: string): Docstring {
  const paragraphs = paragraphsOf(comment);
  let otherwise: string | undefined;
  const rest: string[] = [];
  for (const paragraph of paragraphs) {
    const found = otherwise === undefined ? DEFAULT.exec(paragraph) : null;
    if (found === null) {
      rest.push(paragraph);
      continue;
    }
    const [, when = '', value = ''] = found;
    otherwise = withoutStop(when === '' ? value : `${value.replace(/\.$/, '')} (${when.slice(2)})`);
    if (found.index > 0) rest.push(paragraph.slice(0, found.index).trimEnd());
  }
  return { text: rest.join('\n\n'), otherwise };
}

/** Joins lines that belong together. List items keep a line of their own. */
function paragraphsOf(comment: string): string[] {
  return comment
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\n(?!- )\s*/g, ' ').trim())
    .filter((paragraph) => paragraph !== '');
}

const withoutStop = (text: string): string => text.replace(/\.$/, '');
