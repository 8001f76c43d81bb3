/** nice-grpc's clients, which tell a replicated channel the methods of their service. */
import type { MethodKinds, MethodsChannel } from '@understudy/client';
import {
  type Channel,
  type Client,
  type ClientFactory,
  type CompatServiceDefinition,
  type DefaultCallOptions,
  type NormalizedServiceDefinition,
  createClientFactory as ordinaryFactory,
} from 'nice-grpc';

/** nice-grpc's `createClient`, for channels of both kinds. */
export function createClient<Service extends CompatServiceDefinition>(
  definition: Service,
  channel: Channel,
  defaultCallOptions?: DefaultCallOptions<NormalizedServiceDefinition<Service>>,
): Client<Service> {
  return createClientFactory().create(definition, channel, defaultCallOptions);
}

/** nice-grpc's `createClientFactory`, for channels of both kinds. */
export function createClientFactory(): ClientFactory {
  return telling(ordinaryFactory());
}

function telling<Extension>(factory: ClientFactory<Extension>): ClientFactory<Extension> {
  return {
    use: (middleware) => telling(factory.use(middleware)),
    create(definition, channel, defaultCallOptions) {
      if ('know' in channel) (channel as MethodsChannel).know(methodsOf(definition));
      return factory.create(definition, channel, defaultCallOptions);
    },
  };
}

/** The methods of a service in the shapes that nice-grpc takes: ts-proto's, grpc-js's and its own. */
export function methodsOf(definition: CompatServiceDefinition): MethodKinds[] {
  if ('fullName' in definition && 'methods' in definition && typeof definition.fullName === 'string') {
    const { fullName } = definition;
    const methods = Object.values(definition.methods as Readonly<Record<string, TsProtoMethod>>);
    return methods.map(({ name, ...streams }) => ({ ...streams, path: `/${fullName}/${name}` }));
  }
  return Object.values(definition as Readonly<Record<string, MethodKinds>>);
}

interface TsProtoMethod extends Omit<MethodKinds, 'path'> {
  readonly name: string;
}
