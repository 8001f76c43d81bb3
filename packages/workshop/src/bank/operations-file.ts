/** Reads operations of a bank from a CSV file. */
import { createReadStream } from 'node:fs';
import { faultOf, type Operation } from '@understudy/examples/bank/operation.js';
import { type CsvError, parse } from 'csv-parse';

export const COLUMNS = ['id', 'operation', 'account', 'to', 'amount_cents'] as const;
/** The largest id in a file. Larger ids are free for operations that are not in a file, such as the warm-up's. */
export const MAX_FILE_ID = 0x7fff_ffff;
export const MAX_FILE_OPERATIONS = 1_000_000;
const MAX_LINE_CHARACTERS = 1_000;

/** The file of operations has a mistake. The message begins with `file:line:`. */
export class OperationsFileError extends Error {
  override readonly name = 'OperationsFileError';
  constructor(path: string, line: number | undefined, reason: string, options?: { cause?: unknown }) {
    super(`${path}:${line === undefined ? '' : `${line}:`} ${reason}`, options);
  }
}

/**
 * Reads a CSV file with one operation on each line. The first line must name the columns: id, operation, account, to,
 * amount_cents. The operation is deposit, withdraw, transfer (needs `to`) or balance (has no amount).
 *
 * @throws OperationsFileError for the first line with a mistake, or when the file cannot be read
 */
export async function readOperations(path: string): Promise<Operation[]> {
  const operations: Operation[] = [];
  const lineOfId = new Map<number, number>();
  for await (const { line, cells } of rows(path)) {
    const operation = parseRow(path, line, cells);
    const earlier = lineOfId.get(operation.id);
    if (earlier !== undefined)
      throw new OperationsFileError(
        path,
        line,
        `line ${earlier} has the id ${operation.id} already; give every operation an id of its own`,
      );
    if (operations.length === MAX_FILE_OPERATIONS)
      throw new OperationsFileError(path, line, `more than ${MAX_FILE_OPERATIONS} operations; split the file`);
    lineOfId.set(operation.id, line);
    operations.push(operation);
  }
  if (operations.length === 0)
    throw new OperationsFileError(path, undefined, 'the file has no operation; add at least one line below the header');
  return operations;
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

async function* rows(path: string): AsyncGenerator<Row> {
  const file = createReadStream(path);
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_LINE_CHARACTERS,
  });
  file.on('error', (error) => parser.destroy(error));
  try {
    let header = true;
    for await (const { info, record } of file.pipe(parser) as AsyncIterable<{
      info: { lines: number };
      record: string[];
    }>) {
      if (!header) yield { line: info.lines, cells: record };
      else if (record.join() !== COLUMNS.join())
        throw new OperationsFileError(path, info.lines, `the first line must be ${COLUMNS.join()}`);
      header = false;
    }
  } catch (error) {
    throw explain(path, error);
  } finally {
    file.destroy();
  }
}

function explain(path: string, error: unknown): unknown {
  if (error instanceof OperationsFileError || !(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return error;
  const line = code.startsWith('CSV_') ? (error as CsvError).lines : undefined;
  return new OperationsFileError(path, typeof line === 'number' ? line : undefined, error.message, { cause: error });
}

function parseRow(path: string, line: number, cells: readonly string[]): Operation {
  const fail = (reason: string) => new OperationsFileError(path, line, reason);
  if (cells.length !== COLUMNS.length)
    throw fail(`the line has ${cells.length} columns; it must have ${COLUMNS.length}`);
  const [idText = '', kind = '', account = '', to = '', amountText = ''] = cells;

  const id = wholeNumber(idText);
  if (id === undefined || id < 1 || id > MAX_FILE_ID) throw fail(`the id must be a number from 1 to ${MAX_FILE_ID}`);
  if (kind !== 'deposit' && kind !== 'withdraw' && kind !== 'transfer' && kind !== 'balance')
    throw fail(`${JSON.stringify(kind)} is not an operation; use deposit, withdraw, transfer or balance`);
  if (kind !== 'transfer' && to !== '')
    throw fail(`a ${kind} has no account to transfer to; leave the column "to" empty`);
  if (kind === 'balance' && amountText !== '')
    throw fail('a balance has no amount; leave the column "amount_cents" empty');

  const operation: Operation =
    kind === 'balance'
      ? { kind, id, account }
      : { kind, id, account, to, amountCents: wholeNumber(amountText) ?? Number.NaN };
  const fault = faultOf(operation);
  if (fault !== undefined) throw fail(fault);
  return operation;
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);
