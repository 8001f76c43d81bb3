/** Runs the programs of a package's README, or of a page of the documentation, as three processes and a client. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';

const ROOT = join(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const STRICT = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--experimentalDecorators'];

interface GroupRecord {
  readonly inSync: readonly { readonly id: string }[];
  readonly primary: { readonly id: string };
}

/** The files of a page, in a folder from which they find what they import. */
export class Readme {
  readonly directory: string;
  /** All names that the page's `npm install` names. */
  readonly installed: readonly string[];
  readonly #files: string[] = [];
  readonly #package: string;
  readonly #children: ChildProcess[] = [];

  /**
   * @param name of the package's folder; '..' is the top
   * @param ports in place of 50051, 50052 and 50053
   * @param page the file in that folder
   * @param parent the directory in which the folder is made. Default: that of the package
   */
  constructor(name: string, ports: readonly number[], page = 'README.md', parent = join(ROOT, 'packages', name)) {
    this.#package = join(ROOT, 'packages', name);
    this.directory = mkdtempSync(join(parent, 'readme-'));
    const text = readFileSync(join(this.#package, page), 'utf8');
    this.installed = [...text.matchAll(/^npm install ((?:.*\\\n)*.*)$/gm)].flatMap(([, names = '']) =>
      names.split(/[\s\\]+/).filter((one) => one !== ''),
    );
    for (const [, code = '', file = ''] of text.matchAll(
      /```(?:[jt]s|proto)\n(\/\/ ([\w.-]+\.(?:[jt]s|proto))\b.*?)```/gs,
    )) {
      this.write(
        file,
        code.replace(/5005([123])/g, (_, digit) => String(ports[Number(digit) - 1])),
      );
    }
  }

  /** The packages that the page's programs import. */
  get imported(): string[] {
    const text = this.#files.map((file) => readFileSync(join(this.directory, file), 'utf8')).join('');
    const names = [...text.matchAll(/ from '((?:@[\w-]+\/)?[\w-]+)'/g)].map(([, name = '']) => name);
    return [...new Set(names)].sort();
  }

  write(file: string, text: string): void {
    this.#files.push(file);
    writeFileSync(join(this.directory, file), text);
  }

  /** Takes a file of the package; `from` is relative to it. */
  take(from: string, to: string): void {
    cpSync(join(this.#package, from), join(this.directory, to));
  }

  compile(...files: readonly string[]): void {
    const how = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--skipLibCheck', '--ignoreConfig'];
    execFileSync(process.execPath, [TSC, ...STRICT, ...how, ...files], { cwd: this.directory, stdio: 'inherit' });
  }

  start(...args: readonly string[]): ChildProcess {
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
    const child = spawn(process.execPath, args, { cwd: this.directory, stdio });
    this.#children.push(child);
    return child;
  }

  /** Runs a program until it ends by itself. @returns what it printed */
  async run(...args: readonly string[]): Promise<string> {
    const { stdout } = this.start(...args);
    let text = '';
    if (stdout !== null) for await (const line of createInterface(stdout)) text += `${line}\n`;
    return text;
  }

  /** Resolves with the group's primary once its record is as wanted. */
  primaryOnce(holds: (record: GroupRecord) => boolean): Promise<string> {
    const coordinator = embeddedCoordinator(join(this.directory, 'bank-group'))('bank');
    return new Promise((resolve, reject) => {
      const stop = coordinator.watch((record) => {
        if (!holds(record)) return;
        resolve(record.primary.id);
        stop();
        void coordinator.close();
      }, reject);
    });
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true });
  }
}
