/** Reads the options of the packages from their types: name, type, unit, default, and what their docstrings say. */
import { join } from 'node:path';
import { API, type Checker, type Project, SymbolFlags, type Type } from 'typescript/unstable/sync';
import { docstringOf } from './docstring.js';

const PACKAGES = join(import.meta.dirname, '../../..');

/** Where the options of something are declared. */
export interface OptionsSource {
  /** The package's folder. */
  readonly package: string;
  /** The file, below the package's `src`. */
  readonly file: string;
  /** The interface. */
  readonly type: string;
  /** Leaves out what the interface inherits. */
  readonly own?: true;
}

/** One option, as its declaration and docstring have it. */
export interface OptionFacts {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** `ms`, `bytes`, or what a number counts; undefined if neither name nor docstring says it. */
  readonly unit: string | undefined;
  /** Whether the option is a number, or holds some. */
  readonly isNumber: boolean;
  /** What holds if the option is left out; undefined if the docstring does not say. */
  readonly otherwise: string | undefined;
  /** The docstring without the parts above. */
  readonly text: string;
  readonly examples: readonly string[];
}

/** Reads types by way of the compiler, which is a process of its own until `close` is called. */
export class OptionReader {
  readonly #api = new API({ cwd: PACKAGES });

  close(): void {
    this.#api.close();
  }

  /** The options in the order in which they are declared. */
  read({ package: name, file, type, own }: OptionsSource): OptionFacts[] {
    const config = join(PACKAGES, name, 'tsconfig.json');
    const project = this.#api.updateSnapshot({ openProjects: [config] }).getProject(config);
    const path = join(PACKAGES, name, 'src', file);
    const source = project?.program.getSourceFile(path);
    const module = source && project?.checker.getSymbolAtLocation(source);
    if (project === undefined || module === undefined) throw new Error(`${path} is no module of ${config}`);
    const { checker } = project;
    const symbol = checker.getExportsOfModule(module).find((exported) => exported.name === type);
    if (symbol === undefined) throw new Error(`${path} does not export ${type}`);
    return checker
      .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
      .filter((option) => own !== true || option.declarations.some((one) => one.path === source?.path))
      .map((option) => factsOf(project, option));
  }
}

type Property = ReturnType<Checker['getPropertiesOfType']>[number];

interface TypedDeclaration {
  readonly type?: { getText(): string };
}

function factsOf(project: Project, option: Property): OptionFacts {
  const { checker } = project;
  const { text, otherwise } = docstringOf(checker.getDocumentationCommentOfSymbol(option));
  const tags = checker.getJsDocTagsOfSymbol(option);
  const tagged = (name: string): string[] =>
    tags.filter((tag) => tag.name === name).map((tag) => (tag.text ?? '').trim());
  const declaration = (option.valueDeclaration ?? option.declarations[0])?.resolve(project);
  const written = (declaration as TypedDeclaration | undefined)?.type?.getText() ?? 'unknown';
  const type = wordsOf(checker, checker.getTypeOfSymbol(option)) ?? inOneLine(written);
  return {
    name: option.name,
    type,
    required: (option.flags & SymbolFlags.Optional) === 0,
    unit: tagged('unit')[0] ?? unitOf(option.name),
    isNumber: /\bnumber\b/.test(type) && !type.includes('=>'),
    otherwise,
    text,
    examples: tagged('example'),
  };
}

/** The words of a type that is a choice of words, in the order in which they are declared. */
function wordsOf(checker: Checker, type: Type | undefined): string | undefined {
  const chosen = type && checker.getNonNullableType(type);
  if (chosen === undefined || !chosen.isUnionType()) return undefined;
  const words = chosen.getTypes().filter((one) => one.isStringLiteralType());
  return words.length === chosen.getTypes().length ? words.map(({ value }) => `'${value}'`).join(' | ') : undefined;
}

/** A type in one line, without `undefined`: every reader knows that an option may be left out. */
const inOneLine = (type: string): string =>
  type
    .replace(/\s+/g, ' ')
    .replaceAll('readonly ', '')
    .replace(/ \| undefined$/, '');

/** The unit that an option's name ends in. */
function unitOf(name: string): string | undefined {
  if (/(?:^|[a-z])Ms$/.test(name)) return 'ms';
  if (/[a-z]S$/.test(name)) return 's';
  if (/Bytes$/.test(name)) return 'bytes';
  return undefined;
}
