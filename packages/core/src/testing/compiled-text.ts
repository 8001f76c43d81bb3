/** A change of a compiled file. Both texts are written as in the sources, without types. */
export interface TextChange {
  readonly find: string;
  readonly replace: string;
}

/**
 * Changes the text of a compiled module. CommonJS puts the module in front of every imported name, which the texts of a
 * change leave out: `isAdopted(record)` is compiled to `(0, transitions_js_1.isAdopted)(record)`. The name of a function that is
 * called needs its bracket.
 *
 * @returns how often the text to find is there; unless that is once, nothing sensible can be changed and `text` is as it was
 */
export function changeCompiled(text: string, { find, replace }: TextChange): { text: string; times: number } {
  const modules = new Map(
    [...text.matchAll(/\b(\w+_js_\d+)\.(\w+)/g)].map(([, module = '', name = '']) => [name, module]),
  );
  const compiled = (source: string): string =>
    source.replace(/(?<![.\w#'])([A-Za-z_]\w*)(\()?/g, (whole, name: string, call?: string) => {
      const module = modules.get(name);
      if (module === undefined) return whole;
      return call === undefined ? `${module}.${name}` : `(0, ${module}.${name})(`;
    });
  const parts = text.split(compiled(find));
  const times = parts.length - 1;
  return { text: times === 1 ? parts.join(compiled(replace)) : text, times };
}
