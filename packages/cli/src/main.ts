#!/usr/bin/env node
import { run } from './run.js';

const { stdout, stderr } = process;
// The reader of a pipe may have seen enough: `understudy log | head`.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
const output = {
  out: (text: string) => stdout.write(text),
  err: (text: string) => stderr.write(text),
  ...(stdout.isTTY && { screen: stdout }),
};
run(process.argv.slice(2), output).then((exitCode) => {
  // Not process.exit(), which would lose what was written to a pipe.
  process.exitCode = exitCode;
});
