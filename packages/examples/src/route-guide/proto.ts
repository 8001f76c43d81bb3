/** The route guide's gRPC service in TypeScript; route_guide.proto explains the fields. */
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface Point {
  readonly eastM: number;
  readonly northM: number;
}
export interface Rectangle {
  readonly southWest: Point | null;
  readonly northEast: Point | null;
}
export interface Place {
  readonly name: string;
  readonly point: Point;
  readonly notes: number;
  readonly walks: number;
  readonly asOf: number;
}
export interface WalkSummary {
  readonly number: number;
  readonly points: number;
  readonly places: number;
  readonly discovered: number;
  readonly distanceM: number;
}
/** A note as its author sends it. */
export interface NewNote {
  readonly point: Point | null;
  readonly author: string;
  readonly text: string;
}
/** A note in the logbook. */
export interface Note extends NewNote {
  readonly point: Point;
  readonly number: number;
}

/** The handlers of a route guide, as grpc-js's `addService` takes them. */
export interface RouteGuideHandlers extends grpc.UntypedServiceImplementation {
  getPlace: grpc.handleUnaryCall<Point, Place>;
  listPlaces: grpc.handleServerStreamingCall<Rectangle, Place>;
  recordWalk: grpc.handleClientStreamingCall<Point, WalkSummary>;
  leaveNotes: grpc.handleBidiStreamingCall<NewNote, Note>;
}

export interface RouteGuideClient extends grpc.Client {
  getPlace(point: Point, callback: grpc.requestCallback<Place>): grpc.ClientUnaryCall;
  listPlaces(rectangle: Rectangle): grpc.ClientReadableStream<Place>;
  recordWalk(callback: grpc.requestCallback<WalkSummary>): grpc.ClientWritableStream<Point>;
  leaveNotes(): grpc.ClientDuplexStream<NewNote, Note>;
}

type RouteGuideClientConstructor = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => RouteGuideClient;

const definitions = loadSync(fileURLToPath(new URL('../../protos/route_guide/v1/route_guide.proto', import.meta.url)), {
  defaults: true,
});

export const RouteGuideService = definitions['route_guide.v1.RouteGuide'] as grpc.ServiceDefinition;
export const RouteGuideClient = grpc.makeGenericClientConstructor(
  RouteGuideService,
  'RouteGuide',
) as unknown as RouteGuideClientConstructor;
