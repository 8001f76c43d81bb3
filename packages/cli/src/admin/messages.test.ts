import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { expect, it } from 'vitest';
import { MESSAGES } from './messages.js';

const file = fileURLToPath(new URL('../../../../protos/understudy/v1/admin.proto', import.meta.url));

it('the messages that the command reads and writes are those of admin.proto', () => {
  const { root } = protobuf.parse(readFileSync(file, 'utf8'));
  for (const [name, fields] of Object.entries(MESSAGES)) {
    if (name === 'Member') continue;
    const known = root.lookupType(`understudy.v1.${name}`).fields;
    const told = Object.values(known).map(({ name, id, type, repeated }) => {
      return [name, { id, type: type === 'Role' ? 'uint32' : type, ...(repeated && { rule: 'repeated' }) }];
    });
    expect(fields, name).toEqual(Object.fromEntries(told));
  }
});
