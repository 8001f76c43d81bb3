/** A hybrid application: one that serves HTTP as well, with the controllers of two gRPC services. */
import { Module } from '@nestjs/common';
import { AbstractHttpAdapter } from '@nestjs/core';
import { BankModule } from './bank.js';
import { TillModule } from './till.js';

/** The HTTP half, which here does nothing, and counts how often it was closed. */
export interface NoHttp extends AbstractHttpAdapter {
  closed: number;
}

export function noHttp(): NoHttp {
  const http = Object.create(AbstractHttpAdapter.prototype) as NoHttp;
  const nothing = (): undefined => undefined;
  return Object.assign(http, {
    ...{
      initHttpServer: nothing,
      setErrorHandler: nothing,
      setNotFoundHandler: nothing,
      registerParserMiddleware: nothing,
    },
    closed: 0,
    getType: () => 'none',
    close: () => {
      http.closed++;
    },
  });
}

@Module({ imports: [BankModule, TillModule] })
export class HybridModule {}
