/** Makes the page `configuration.md` from the docstrings of the options. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { slugOf } from '../pages/markdown.js';
import type { OptionFacts, OptionReader, OptionsSource } from './options.js';

const DOCS = join(import.meta.dirname, '../..');

/** Which replica's value of a setting is in force. */
export type SettingKind = 'group' | 'lease' | 'local';

/** A section of the page: the options of one function or file. */
export interface ReferenceSection {
  readonly title: string;
  /** The beginning of the options' headings, so that each has an anchor of its own. */
  readonly prefix: string;
  readonly source: OptionsSource;
  readonly intro: string;
  readonly kind: SettingKind;
  /** The kinds of those options that differ from the section's kind. */
  readonly kinds?: Readonly<Record<string, SettingKind>>;
  /** The interface lists values that are complete; what users write may leave out each that has a default. */
  readonly complete?: true;
  /** Docstrings of numbers say when to change them, or what a larger or smaller one costs. */
  readonly tuned?: true;
}

export const SECTIONS: readonly ReferenceSection[] = [
  {
    title: 'createReplica',
    prefix: 'createReplica',
    source: { package: 'server', file: 'replica/options.ts', type: 'ReplicaServerOptions' },
    tuned: true,
    intro: 'The options of a replica, `createReplica({ … })` of [@understudy/server](../server/README.md).',
    kind: 'local',
    kinds: { group: 'group', serviceConfig: 'group', unreplicated: 'group' },
  },
  {
    title: 'start',
    prefix: 'start',
    source: { package: 'server', file: 'replica/options.ts', type: 'StartOptions' },
    tuned: true,
    intro: 'The options of `replica.start({ … })`. All may be left out.',
    kind: 'local',
  },
  {
    title: 'Service config',
    prefix: '',
    source: { package: 'core', file: 'config/settings.ts', type: 'GroupSettings' },
    tuned: true,
    intro:
      'The `understudy` entry of `loadBalancingConfig` in the service config, which replicas and clients are given. Only the name is required.',
    kind: 'group',
    kinds: { leaseMs: 'lease', sessionMs: 'lease', carrier: 'local' },
  },
  {
    title: 'Methods',
    prefix: 'methods',
    source: { package: 'core', file: 'config/settings.ts', type: 'MethodEntry' },
    intro:
      'The settings of an entry of [`methods`](#methods). Of the entries that fit a method only the most specific one applies.',
    kind: 'group',
  },
  {
    title: 'Budgets',
    prefix: 'budgets',
    source: { package: 'core', file: 'config/config.ts', type: 'Budgets' },
    tuned: true,
    intro:
      'The settings in [`budgets`](#budgets). Beyond a budget calls are refused at once ([UNDERSTUDY_OVERLOADED](errors.md#understudy_overloaded)); each thing counts with its payload and 256 bytes.',
    kind: 'group',
    complete: true,
  },
  {
    title: 'replicated',
    prefix: 'replicated',
    source: { package: 'client', file: 'setup/replicated.ts', type: 'ReplicatedOptions' },
    intro:
      'The options of a client, `replicated({ … })` of [@understudy/client](../client/README.md); `replicatedChannel` takes the same but for `interceptors`.',
    kind: 'local',
  },
  {
    title: 'etcd',
    prefix: 'etcd',
    source: { package: 'coordinator-etcd', file: 'members/options.ts', type: 'EtcdOptions' },
    tuned: true,
    intro: 'The record in etcd, `etcd({ … })` of [@understudy/coordinator-etcd](../coordinator-etcd/README.md).',
    kind: 'local',
  },
  {
    title: 'embeddedCoordinator',
    prefix: 'embeddedCoordinator',
    source: { package: 'coordinator-embedded', file: 'embedded.ts', type: 'EmbeddedOptions' },
    tuned: true,
    intro:
      'The record in a directory, `embeddedCoordinator(dir, { … })` of [@understudy/coordinator-embedded](../coordinator-embedded/README.md).',
    kind: 'local',
  },
  {
    title: 'ReplicatedGrpcServer',
    prefix: 'ReplicatedGrpcServer',
    source: { package: 'nestjs', file: 'server.ts', type: 'ReplicatedServerOptions', own: true },
    intro:
      'What a NestJS server of [@understudy/nestjs](../nestjs/README.md) takes in another way than [`createReplica`](#createreplica), whose options it has all.',
    kind: 'local',
  },
  {
    title: 'replicatedClient',
    prefix: 'replicatedClient',
    source: { package: 'nestjs', file: 'client.ts', type: 'ReplicatedClientOptions', own: true },
    intro: "The options of a NestJS client that are not Nest's own for gRPC.",
    kind: 'local',
  },
  {
    title: 'createReplicatedServer',
    prefix: 'createReplicatedServer',
    source: { package: 'nice-grpc', file: 'server.ts', type: 'ReplicatedServerOptions', own: true },
    intro:
      'What a server of [@understudy/nice-grpc](../nice-grpc/README.md) takes besides the options of [`createReplica`](#createreplica), or in another way.',
    kind: 'local',
  },
  {
    title: 'createReplicatedChannel',
    prefix: 'createReplicatedChannel',
    source: { package: 'nice-grpc', file: 'channel.ts', type: 'ChannelSettings', own: true },
    intro: 'What a nice-grpc channel takes besides the options of [`replicated`](#replicated) except `interceptors`.',
    kind: 'local',
  },
  {
    title: 'openTelemetry',
    prefix: 'openTelemetry',
    source: { package: 'otel', file: 'telemetry.ts', type: 'TelemetryOptions' },
    intro: 'The options of `openTelemetry({ … })` of [@understudy/otel](../otel/README.md). All may be left out.',
    kind: 'local',
  },
  {
    title: 'inProcessGroup',
    prefix: 'inProcessGroup',
    source: { package: 'testing', file: 'group/options.ts', type: 'GroupOptions' },
    intro:
      'The options of groups in a test, `inProcessGroup(makeService, { … })` of [@understudy/testing](../testing/README.md); `checkDeterminism` takes the same but for `replicas`.',
    kind: 'local',
  },
];

const HEAD = `<!-- Made from the docstrings of the options. Change those, then: REWRITE_REFERENCE=1 npx vitest run packages/docs -->

# Configuration

Every option and setting: its type, its unit, what holds if it is left out, and of a number when to change it. Most groups need a name,
\`leaseMs\` perhaps, and the read-only methods. An option that cannot be used is refused at once, by its name.

## Kinds of settings

| kind | whose value is in force | how it is changed |
|---|---|---|
| group | the primary's, for all replicas and clients, as long as it is primary. Only the group's name must be the same everywhere | restart one replica after the other with the new value; no call fails ([upgrades](upgrades.md#settings)) |
| lease | the primary's, as above; it is in the group's record before it counts, so no backup claims by a shorter lease than the primary's | the same |
| local | each process's own | restart that process |
`;

/** An option that lacks something. A test fails for each and names it. */
export interface ReferenceGap {
  readonly option: string;
  readonly lacks: 'unit' | 'default' | 'when' | 'text';
}

/** How a docstring says when to change a number. */
const WHEN =
  /\b(?:raise|lower|keep) it\b|\b(?:higher|lower|longer|shorter) (?:one|number|time|lease|queue|than)\b|\b0 (?:means|turns)\b/i;

const nameIn = ({ prefix }: ReferenceSection, { name }: OptionFacts): string =>
  prefix === '' ? name : `${prefix}.${name}`;

const isRequired = (section: ReferenceSection, option: OptionFacts): boolean =>
  option.required && !(section.complete === true && option.otherwise !== undefined);

export const kindOf = (section: ReferenceSection, name: string): SettingKind => section.kinds?.[name] ?? section.kind;

/** What the docstrings of the section's options lack. */
export function gapsOf(section: ReferenceSection, options: readonly OptionFacts[]): ReferenceGap[] {
  return options.flatMap((option) => {
    const lacks: ReferenceGap['lacks'][] = [];
    if (option.isNumber && option.unit === undefined) lacks.push('unit');
    const mayBeMissing = section.complete === true || !option.required;
    if (mayBeMissing && option.otherwise === undefined) lacks.push('default');
    if (section.tuned === true && option.isNumber && !WHEN.test(option.text)) lacks.push('when');
    if (option.text === '') lacks.push('text');
    return lacks.map((lack) => ({ option: nameIn(section, option), lacks: lack }));
  });
}

/** The page. */
export function configurationPage(reader: OptionReader): string {
  const sections = SECTIONS.map((section) => sectionOf(section, reader.read(section.source)));
  return `${[HEAD.trimEnd(), ...sections].join('\n\n')}\n`;
}

function sectionOf(section: ReferenceSection, options: readonly OptionFacts[]): string {
  const rows = options.map((option) => rowOf(section, option));
  const table = ['| name | type | unit | default | kind |', '|---|---|---|---|---|', ...rows].join('\n');
  return [`## ${section.title}`, section.intro, table, ...options.map((option) => detailsOf(section, option))].join(
    '\n\n',
  );
}

function rowOf(section: ReferenceSection, option: OptionFacts): string {
  const name = nameIn(section, option);
  const otherwise = isRequired(section, option) ? 'required' : inCell(option.otherwise ?? '');
  const cells = [
    `[\`${option.name}\`](#${slugOf(headingOf(name))})`,
    `\`${inCell(typeOf(option))}\``,
    option.unit ?? '–',
    otherwise,
    kindOf(section, option.name),
  ];
  return `| ${cells.join(' | ')} |`;
}

const headingOf = (name: string): string => `\`${name}\``;

/** The words of a choice with the default first. */
function typeOf({ type, otherwise = '' }: OptionFacts): string {
  const words = type.split(' | ');
  const standard = /^`'?([\w-]+)'?`/.exec(otherwise)?.[1];
  const first = words.filter((word) => word === `'${standard}'`);
  return [...first, ...words.filter((word) => !first.includes(word))].join(' | ');
}

function detailsOf(section: ReferenceSection, option: OptionFacts): string {
  const name = nameIn(section, option);
  const examples = option.examples.map((example) => `\`\`\`ts\n${assigned(option.name, example)}\n\`\`\``);
  return [`### ${headingOf(name)}`, linked(option.text), ...examples].join('\n\n');
}

const assigned = (name: string, example: string): string => `${name}: ${example},`;

const inCell = (text: string): string => linked(text).replaceAll('|', '\\|');

/** Pages and error codes that a docstring names become links. */
const linked = (text: string): string =>
  text
    .replace(/(?<![\w/([])(?:packages\/)?(?:docs\/)?([\w-]+\.md)\b/g, (whole, file: string) =>
      existsSync(join(DOCS, file)) ? `[${file.replace(/\.md$/, '')}](${file})` : whole,
    )
    .replace(/(?<![\w`[#])UNDERSTUDY_[A-Z_]+/g, (code) => `[${code}](errors.md#${slugOf(code)})`);
