// Takes rules of the design out of the compiled core, so that tests can see what each of them is there for.
//
// In the core's source a comment marks the place of a rule, under a short name that is unique in the core:
//
//     if (/* rule release-unretained */ reply.orderNum >= this.firstUnretained(order)) return 'wait';
//     /* rule ask-for-missing */ askForMissing(r);
//
// The compiler keeps these comments. The table of a rule says what to put in place of what its markers cover, and the
// code may be renamed, moved to another file and formatted as one likes, as long as the marker goes along.
//
// A marker covers the largest statement or expression that begins right behind it. In front of an operand of `&&`, `||`,
// `??` or `?:` it covers that operand alone:
//
//     if (/* rule a */ x.y(z) === 1 && w)                 covers x.y(z) === 1
//     return v || /* rule b */ (x && w);                  covers (x && w)
//     const u = /* rule c */ x ? 1 : 2;                   covers x, since a condition is an operand
//     f(/* rule d */ x + 1);                              covers x + 1
//     /* rule e */ if (x) f();                            covers the whole `if`
//     if (x) /* rule f */ f(); else g();                  covers f(); and leaves the rest

/**
 * What stands in place of a rule: `;` instead of a statement, a constant instead of an expression. What begins with `$`
 * is computed from the expression itself: `$ - 1` is one less. So no table needs a name that the core uses.
 */
export type Replacement = ';' | 'true' | 'false' | 'undefined' | '[]' | `$${string}`;

/** A rule, and what takes its place: a replacement for each of its markers. */
export interface RuleToTakeOut {
  /** The sentence that errors begin with. */
  readonly rule: string;
  readonly without: Readonly<Record<string, Replacement>>;
}

/** The part of a syntax tree (ESTree) that matters here. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** The function `parse` of the package acorn. Callers pass it, because the core imports nothing. */
export type Parse = (
  text: string,
  options: {
    readonly ecmaVersion: 'latest';
    readonly sourceType: 'module';
    readonly preserveParens: true;
    readonly onComment?: (isBlock: boolean, text: string, start: number, end: number) => void;
  },
) => SyntaxNode;

interface Place {
  readonly file: string;
  /** Undefined: no statement and no expression begins behind the marker. */
  readonly node: SyntaxNode | undefined;
}

const STATEMENT = /(Statement|Declaration)$/;
/** What can be replaced: no property, parameter, class member or `case`. */
const REPLACEABLE = /(Statement|Declaration|Expression|Literal|Identifier)$/;
const MARKER = /^\s*rule\s+([a-z][a-z0-9-]*)\s*$/;
const SYNTAX = { ecmaVersion: 'latest', sourceType: 'module', preserveParens: true } as const;

/** All markers of a compiled core. */
export class Markers {
  readonly #files: ReadonlyMap<string, string>;
  readonly #parse: Parse;
  readonly #places = new Map<string, Place[]>();

  /**
   * @param files the compiled core: JavaScript by path
   * @param parse acorn's
   */
  constructor(files: ReadonlyMap<string, string>, parse: Parse) {
    this.#files = files;
    this.#parse = parse;
    for (const [file, text] of files) if (/\brule\b/.test(text)) this.#find(file, text);
  }

  get names(): readonly string[] {
    return [...this.#places.keys()];
  }

  /**
   * @returns the files that change, as they are without the rule
   * @throws Error that names the rule if one of its markers is not there, is there twice, or has nothing behind it; if
   *   one of its places lies within another; or if what is left is no JavaScript
   */
  takeOut({ rule, without }: RuleToTakeOut): Map<string, string> {
    const edits = Object.entries(without).map(([marker, replacement]) => {
      const { file, node } = this.#placeOf(rule, marker);
      const isStatement = STATEMENT.test(node.type);
      if (isStatement !== (replacement === ';')) {
        const kind = isStatement ? 'a statement' : 'an expression';
        throw new Error(`${rule}: marker "${marker}" covers ${kind}, which "${replacement}" cannot replace`);
      }
      return { marker, file, node, replacement };
    });
    const changed = new Map<string, string>();
    // From the last place to the first, so that earlier positions stay valid.
    edits.sort((a, b) => b.node.start - a.node.start);
    edits.forEach(({ marker, file, node, replacement }, i) => {
      const outer = edits.slice(i + 1).find((other) => other.file === file && other.node.end > node.start);
      if (outer !== undefined) throw new Error(`${rule}: marker "${marker}" is within "${outer.marker}"`);
      const text = changed.get(file) ?? this.#files.get(file) ?? '';
      const before = text.slice(node.start, node.end);
      const after = replacement.startsWith('$') ? `((${before})${replacement.slice(1)})` : replacement;
      changed.set(file, text.slice(0, node.start) + after + text.slice(node.end));
    });
    for (const [file, text] of changed) this.#check(rule, file, text);
    return changed;
  }

  #find(file: string, text: string): void {
    const comments = new Map<number, number>();
    const found: { readonly name: string; readonly end: number }[] = [];
    const root = this.#parse(text, {
      ...SYNTAX,
      onComment: (isBlock, comment, start, end) => {
        comments.set(start, end);
        const name = isBlock ? MARKER.exec(comment)?.[1] : undefined;
        if (name !== undefined) found.push({ name, end });
      },
    });
    for (const { name, end } of found) {
      const places = this.#places.get(name) ?? [];
      places.push({ file, node: coveredAt(root, codeAfter(text, end, comments)) });
      this.#places.set(name, places);
    }
  }

  #placeOf(rule: string, marker: string): { file: string; node: SyntaxNode } {
    const [place, ...more] = this.#places.get(marker) ?? [];
    if (place === undefined) throw new Error(`${rule}: there is no marker "${marker}" in the core`);
    const { file, node } = place;
    if (more.length > 0) {
      const files = [file, ...more.map((other) => other.file)].join(', ');
      throw new Error(`${rule}: marker "${marker}" is there ${more.length + 1} times: ${files}`);
    }
    if (node === undefined)
      throw new Error(`${rule}: no statement or expression begins behind marker "${marker}" in ${file}`);
    return { file, node };
  }

  #check(rule: string, file: string, text: string): void {
    try {
      this.#parse(text, SYNTAX);
    } catch (error) {
      throw new Error(`${rule}: ${file} is no JavaScript without it: ${error}`);
    }
  }
}

/** The position of the next code behind white space and other comments. */
function codeAfter(text: string, end: number, comments: ReadonlyMap<number, number>): number {
  let position = end;
  for (;;) {
    const comment = comments.get(position);
    if (comment !== undefined) position = comment;
    else if (/\s/.test(text[position] ?? '')) position++;
    else return position;
  }
}

/** The largest statement or expression that begins at a position, but no more than an operand. */
function coveredAt(root: SyntaxNode, position: number): SyntaxNode | undefined {
  const begin: { readonly node: SyntaxNode; readonly parent: SyntaxNode }[] = [];
  let parent = root;
  for (let node = childAt(root, position); node !== undefined; node = childAt(node, position)) {
    if (node.start === position) begin.push({ node, parent });
    parent = node;
  }
  const operand = begin.findLast(
    ({ parent: { type } }) => type === 'LogicalExpression' || type === 'ConditionalExpression',
  );
  const node = (operand ?? begin[0])?.node;
  return node !== undefined && REPLACEABLE.test(node.type) ? node : undefined;
}

function childAt(node: SyntaxNode, position: number): SyntaxNode | undefined {
  return Object.values(node)
    .flat()
    .find((value): value is SyntaxNode => isNode(value) && value.start <= position && position < value.end);
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'end' in value;
