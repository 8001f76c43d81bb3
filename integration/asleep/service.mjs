/** The service of clients that sleep. All of its messages are text. */
const method = (name, stream = false) => ({
  path: `/test.Sleepers/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: (text) => Buffer.from(text),
  requestDeserialize: String,
  responseSerialize: (text) => Buffer.from(text),
  responseDeserialize: String,
});

export const service = {
  ...{ Add: method('Add'), Wait: method('Wait'), Wake: method('Wake') },
  Talk: method('Talk', true),
};

export const group = {
  group: 'sleepers',
  methods: [{ name: [{ service: 'test.Sleepers', method: 'Wait' }], waitsForOthers: true }],
};
