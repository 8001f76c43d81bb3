/** `understudy completion`: scripts by which shells complete commands and options. */
import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Completed {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** The words that may follow the name. */
  readonly words: readonly string[];
}

/** @returns the script for one shell: it knows the commands and options of `program` as they are now */
export function completionFor(shell: Shell, program: Command): string {
  const commands = program.commands.map(
    (command): Completed => ({
      name: command.name(),
      description: command.description(),
      options: command.options,
      words: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
    }),
  );
  return { bash, zsh, fish }[shell](commands);
}

const namesOf = (options: readonly Option[]): string => options.map(({ long }) => long ?? '').join(' ');

/** Whether the option's value is a path. */
const takesPath = ({ flags }: Option): boolean => /<(?:file|dir)>$/.test(flags);
const takesValue = ({ required, optional }: Option): boolean => required || optional;

function bash(commands: readonly Completed[]): string {
  const paths = [...new Set(commands.flatMap(({ options }) => options.filter(takesPath).map(({ long }) => long)))];
  const values = [...new Set(commands.flatMap(({ options }) => options.filter(takesValue).map(({ long }) => long)))];
  const cases = commands.map(
    ({ name, options, words }) => `    ${name}) words="${[...words, namesOf(options), '--help'].join(' ')}" ;;`,
  );
  return `# Completes the command understudy in bash. Load it: source <(understudy completion bash)
_understudy() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} words=
  COMPREPLY=()
  case $previous in
    ${paths.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${values.filter((name) => !paths.includes(name)).join('|')}) return ;;
  esac
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} --help --version" -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _understudy understudy
`;
}

/** A text in single quotes of a shell. */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(commands: readonly Completed[]): string {
  const told = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');
  const specification = (option: Option): string => {
    const value = takesValue(option) ? `:${option.name()}:${takesPath(option) ? '_files' : ''}` : '';
    return shellQuoted(`${option.long}[${told(option.description)}]${value}`);
  };
  const cases = commands.map(({ name, options, words }) => {
    const own = words.length > 0 ? [shellQuoted(`1:shell:(${words.join(' ')})`)] : [];
    return `    ${name}) _arguments ${[...own, ...options.map(specification), "'--help[show help]'"].join(' ')} ;;`;
  });
  const list = commands.map(({ name, description }) => `    ${shellQuoted(`${name}:${told(description)}`)}`);
  return `#compdef understudy
# Completes the command understudy in zsh. Load it: source <(understudy completion zsh), after compinit
_understudy() {
  local -a commands=(
${list.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
compdef _understudy understudy
`;
}

function fish(commands: readonly Completed[]): string {
  // In fish, a backslash escapes within single quotes.
  const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const lines = commands.flatMap(({ name, description, options, words }) => [
    `complete -c understudy -n __fish_use_subcommand -a ${name} -d ${fishQuoted(description)}`,
    ...(words.length > 0
      ? [`complete -c understudy -n '__fish_seen_subcommand_from ${name}' -a ${fishQuoted(words.join(' '))}`]
      : []),
    ...options.map((option) => {
      const value = takesPath(option) ? ' -r -F' : takesValue(option) ? ' -x' : '';
      const long = option.long?.replace(/^--/, '');
      return `complete -c understudy -n '__fish_seen_subcommand_from ${name}' -l ${long}${value} -d ${fishQuoted(option.description)}`;
    }),
  ]);
  return `# Completes the command understudy in fish. Load it: understudy completion fish | source
complete -c understudy -f
${lines.join('\n')}
`;
}
