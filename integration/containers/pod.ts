/** One pod of a StatefulSet, as a container. */
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import type { Container, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { GenericContainer, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import { docker } from '../engine/docker.js';

export interface PodOptions {
  readonly network: StartedNetwork;
  /** The pod's name, which its successor has too. */
  readonly name: string;
  /** A network name that no other pod ever has. It stands for the IP address of the pod. */
  readonly address: string;
  /** The name of the headless service, which stands for all pods. */
  readonly service: string;
  readonly template: PodTemplateSpec;
  /** More arguments of the program. */
  readonly args: readonly string[];
  /** The values that the manifest takes from ConfigMaps, by the name of the variable. */
  readonly settings: Readonly<Record<string, string>>;
  readonly secret: string;
  readonly log: (line: string) => void;
}

export class Pod {
  readonly name: string;
  readonly address: string;
  readonly #container: StartedTestContainer;
  readonly #template: PodTemplateSpec;
  readonly #health: Client;

  /** Starts the container; it is ready later. */
  static async start(options: PodOptions): Promise<Pod> {
    const { network, name, address, service: headless, template, args, settings, secret, log } = options;
    const spec = containerOf(template);
    const values = { ...settings, POD_NAME: name, POD_IP: address };
    const environment = Object.fromEntries(
      (spec.env ?? []).map((each) => [each.name, each.value ?? values[each.name as keyof typeof values] ?? '']),
    );
    const expanded = [...(spec.args ?? []), ...args].map((arg) =>
      arg.replace(/\$\((\w+)\)/g, (_all, variable: string) => environment[variable] ?? ''),
    );
    const mounted = spec.volumeMounts?.[0]?.mountPath ?? '';
    const container = await new GenericContainer('understudy-bank')
      .withNetwork(network)
      .withNetworkAliases(address, headless)
      .withExposedPorts(probeOf(template, 'readiness').port)
      .withUser(`${template.spec?.securityContext?.runAsUser}`)
      .withEnvironment(environment)
      .withCopyContentToContainer([{ content: secret, target: `${mounted}/secret`, mode: 0o444 }])
      .withCommand(expanded)
      .withLogConsumer((stream) => stream.on('data', (line: Buffer) => log(line.toString())))
      // The image has no shell, so the ports cannot be probed from inside.
      .withWaitStrategy(Wait.forLogMessage(/"event"/))
      .start();
    return new Pod(options, container);
  }

  private constructor({ name, address, template }: PodOptions, container: StartedTestContainer) {
    this.name = name;
    this.address = address;
    this.#container = container;
    this.#template = template;
    const port = container.getMappedPort(probeOf(template, 'readiness').port);
    this.#health = new Client(`${container.getHost()}:${port}`, credentials.createInsecure());
  }

  /** Whether the manifest's readiness probe succeeds now. */
  isReady(): Promise<boolean> {
    return this.#says('readiness');
  }

  isLive(): Promise<boolean> {
    return this.#says('liveness');
  }

  #says(probe: 'readiness' | 'liveness'): Promise<boolean> {
    const { service: name } = probeOf(this.#template, probe);
    const deadline = Date.now() + 10_000;
    const { path, requestSerialize, responseDeserialize } = service.Check as unknown as Check;
    return new Promise((resolve) => {
      this.#health.makeUnaryRequest(
        ...[path, requestSerialize, responseDeserialize, { service: name }, new Metadata(), { deadline }],
        (error, answer) => resolve(error === null && answer?.status === 'SERVING'),
      );
    });
  }

  /**
   * Ends the pod as the kubelet does: SIGTERM, and SIGKILL when the grace period is over.
   *
   * @throws Error if it did not end by itself
   */
  async end(): Promise<void> {
    const id = this.#container.getId();
    const graceS = this.#template.spec?.terminationGracePeriodSeconds ?? 0;
    await docker('stop', '--time', `${graceS}`, id);
    const status = await docker('inspect', '--format', '{{.State.ExitCode}}', id);
    await this.remove();
    if (status !== '0') throw new Error(`${this.name} ended with ${status} after SIGTERM`);
  }

  async remove(): Promise<void> {
    this.#health.close();
    await this.#container.stop({ timeout: 0 });
  }
}

interface Check {
  readonly path: string;
  readonly requestSerialize: (value: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => { readonly status: string };
}

function containerOf({ spec }: PodTemplateSpec): Container {
  const container = spec?.containers[0];
  if (container === undefined) throw new Error('the manifest has no container');
  return container;
}

function probeOf(template: PodTemplateSpec, probe: 'readiness' | 'liveness') {
  const { grpc } = containerOf(template)[`${probe}Probe`] ?? {};
  if (grpc?.service === undefined) throw new Error(`the manifest has no ${probe} probe by health name`);
  return { port: grpc.port, service: grpc.service };
}
