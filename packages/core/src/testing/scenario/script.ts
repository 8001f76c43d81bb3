import type { Client } from './client.js';
import { COMMANDS } from './commands.js';
import { groupOf } from './group.js';
import type { Server } from './server.js';
import type { World } from './world.js';

/**
 * A scenario is a text: a line that names the rule it shows, then commands, each followed by what it led to (indented by
 * two blanks). Running it gives the same text again, with what happens now.
 */
export function runScript(text: string): string {
  const lines = text.split('\n');
  const out: string[] = [];
  const script = new Script((line) => out.push(`  ${line}`));
  for (const line of lines) {
    if (line.startsWith('  ')) continue;
    out.push(line);
    if (line !== '' && !line.startsWith('#')) script.run(line);
  }
  return out.join('\n');
}

class Script {
  #world: World | undefined;
  #quiet = false;
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = (line) => {
      if (!this.#quiet) print(line);
    };
  }

  run(line: string): void {
    const [command = '', ...args] = line.trim().split(/\s+/);
    if (command === 'group') {
      this.#world = groupOf(args, this.#print);
      return;
    }
    const world = this.#world;
    if (world === undefined) throw new Error('a scenario begins with `group`');
    switch (command) {
      case 'quietly':
        // What led to the scene is not shown.
        this.#quiet = true;
        this.run(args.join(' '));
        this.#quiet = false;
        return;
      case 'status':
        return this.#status(world, args);
      default: {
        const act = COMMANDS[command];
        if (act === undefined) throw new Error(`unknown command: ${command}`);
        act(world, args);
      }
    }
  }

  #status({ servers, clients }: World, names: readonly string[]): void {
    for (const server of servers.values())
      if (names.length === 0 || names.includes(server.name)) for (const line of serverStatus(server)) this.#print(line);
    for (const client of clients.values()) if (names.includes(client.name)) this.#print(clientStatus(client));
  }
}

function serverStatus({ name, core, service }: Server): string[] {
  if (core === undefined) return [`${name}: gone`];
  const { role, term, heldUpTo, processedUpTo, stableUpTo, logLength } = core.status;
  const { unordered, refusedBodies, digest, blocked } = core.status;
  const upTo = `held ${heldUpTo}, processed ${processedUpTo}, stable ${stableUpTo}, log ${logLength}`;
  return [
    `${name}: ${role}, term ${term}, ${upTo}, digest ${digest}: ${service.state.join(' ') || '-'}`,
    ...(role === 'primary' && unordered > 0 ? [`${name}: ${unordered} without an order`] : []),
    ...(refusedBodies > 0 ? [`${name}: refused ${refusedBodies} bodies that no order names`] : []),
    ...(blocked === undefined ? [] : [`${name}: blocked: ${blocked}`]),
  ];
}

const clientStatus = ({ name, core }: Client): string =>
  core === undefined ? `${name}: gone` : `${name}: retains ${core.status.retained}`;
