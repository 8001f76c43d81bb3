/** The program of the proxy, which passes connections on and counts what goes through. */
import { serveParent } from '../ipc/child-side.js';
import type { ProxyCommands } from '../ipc/commands.js';
import { CountingDoor } from '../wire/counting-door.js';

const doors = new Map<string, CountingDoor>();

serveParent<ProxyCommands>({
  open: async (target) => {
    const door = await CountingDoor.open(target);
    doors.set(door.address, door);
    return door.address;
  },
  traffic: () => Object.fromEntries([...doors].map(([address, door]) => [address, door.traffic()])),
});
