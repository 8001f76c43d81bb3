/** One participant of a chat: sends every line that is typed and prints the messages of all. */
import { createInterface } from 'node:readline';
import { connect } from '../common/connect.js';
import { ChatClient, type JoinReply } from './proto.js';
import { chatServiceConfig } from './service-config.js';

const { client, args } = connect(ChatClient, chatServiceConfig, 50051, 'Joins a room: give your name, and a room.');
const [name = 'somebody', room = 'lobby'] = args;

const stream = client.join();
stream.on('data', ({ entered, message }: JoinReply) => {
  if (entered) console.log(`${entered.participants} in ${room}; ${entered.after} messages were said before`);
  if (message) console.log(`${message.number}  ${message.author}: ${message.text}`);
});
stream.on('error', ({ message }) => console.error(message));
stream.on('end', () => client.close());
stream.write({ enter: { room, name } });
const typed = createInterface({ input: process.stdin });
typed.on('line', (text) => stream.write({ say: { text } }));
typed.on('close', () => stream.end());
