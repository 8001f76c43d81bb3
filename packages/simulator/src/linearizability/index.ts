/** A linearizability checker and three models; README.md explains their use. */
export { checkLinearizable, type Limits, type Result } from './check.js';
export { explain } from './explain.js';
export { JepsenLogError, parseJepsenLog } from './jepsen/parse.js';
export { type Model, type Operation, partitionBy } from './model.js';
export { type BankInput, type BankOperation, type BankOutput, bank } from './models/bank.js';
export { type ListInput, type ListOperation, listAppend, type View, wholeList } from './models/list-append.js';
export {
  type RegisterInput,
  type RegisterOperation,
  type RegisterOutput,
  type RegisterValue,
  registerMap,
} from './models/register-map.js';
