import { type ListInput, listAppend, wholeList } from '../linearizability/models/list-append.js';
import { workload } from './workload.js';

const KEYS = ['x', 'y'] as const;
type List = readonly (string | number)[];

/** Lists that only grow; a reply is the whole list. */
export const lists = workload({
  name: 'lists',
  model: listAppend(wholeList),
  create() {
    let all = new Map<string, List>();
    return {
      run(input: ListInput<string | number>): List {
        const list = all.get(input.key) ?? [];
        if (input.kind === 'read') return list;
        const longer = [...list, input.value];
        all.set(input.key, longer);
        return longer;
      },
      save: () => [...all],
      load(state: [string, List][]) {
        all = new Map(state);
      },
    };
  },
  draw(choices, readOnly, n): ListInput<string | number> {
    const key = choices.pick(KEYS);
    return readOnly ? { kind: 'read', key } : { kind: 'append', key, value: n };
  },
});
