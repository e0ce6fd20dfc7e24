/** Bakes and their logs, as the API tells them. What was baked in the past has a long log. */
import { EventEmitter } from 'node:events';

export class Bakes extends EventEmitter {
  known = new Map();

  begin(execution, stage, version, isPast) {
    const id = `bake-${this.known.size + 1}`;
    const inputs = { imageName: `${execution.application}-service`, version, source: 'examples/demo-service' };
    const bake = { id, state: 'RUNNING', key: `local:${version}`, inputs, account: 'local', region: 'local', executionId: execution.id };
    this.known.set(id, { bake, pieces: [] });
    stage.context.status = { id, resourceId: id, state: 'RUNNING' };
    this.write(stage, `bake of ${inputs.imageName} ${version}`);
    const lines = isPast ? 2_600 : 40;
    for (let line = 1; line <= lines; ++line) this.write(stage, `\u001b[2m[${line}/${lines}]\u001b[0m copy examples/demo-service/part-${line}.bin`);
  }

  write(stage, line) {
    const one = this.of(stage);
    if (!one) return;
    one.pieces.push(`${line}\n`);
    this.emit(one.bake.id);
  }

  end(stage, image) {
    this.write(stage, `sealed as ${image.imageId}`);
    const { bake } = this.of(stage);
    Object.assign(bake, { state: 'COMPLETED', result: 'SUCCESS', imageId: image.imageId, imageName: image.imageName });
    stage.context.status = { id: bake.id, resourceId: bake.id, state: bake.state, result: bake.result };
    this.emit(bake.id);
  }

  of(stage) {
    return this.known.get(stage.context.status?.id);
  }
}

/** `log` events with a line each, and `end`. */
export function followBake(bakes, id, request, response) {
  const { bake, pieces } = bakes.known.get(id);
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  let next = Number(request.headers['last-event-id'] ?? 0);
  const go = () => {
    for (; next < pieces.length; ++next) response.write(`id: ${next + 1}\nevent: log\ndata: ${JSON.stringify({ text: pieces[next] })}\n\n`);
    if (bake.state !== 'RUNNING') response.end(`event: end\ndata: ${JSON.stringify({ state: bake.state, result: bake.result })}\n\n`);
  };
  bakes.on(id, go);
  request.on('close', () => bakes.off(id, go));
  go();
}
