#!/usr/bin/env node
import { run } from './run.js';

const output = { out: (text: string) => process.stdout.write(text), err: (text: string) => process.stderr.write(text) };
run(process.argv.slice(2), output).then((exitCode) => {
  // Not process.exit(): what was written to a pipe would be lost.
  process.exitCode = exitCode;
});
