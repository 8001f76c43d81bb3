/**
 * A program that announces one replica, prints `present`, and lives until it is killed or its input ends.
 *
 * presenter.js DIR GROUP NUMBER ADDRESS
 */
import { embeddedCoordinator } from '../index.js';
import { sampleMember } from './sample-records.js';

const [dir = '', group = '', number = '', address = ''] = process.argv.slice(2);
const coordinator = embeddedCoordinator(dir)(group);
coordinator.announce({ member: sampleMember(Number(number)), address }).then(() => process.stdout.write('present\n'));
process.stdin.resume();
process.stdin.on('end', () => void coordinator.close());
