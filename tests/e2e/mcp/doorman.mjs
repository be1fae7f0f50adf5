// Stands between a client that cannot send a token and the gateway, and adds it. Everything else passes as it is: a
// foreign Host or Origin reaches the gateway, which is what has to refuse it.
import http from 'node:http';

/** A loopback address whose requests reach `target` with the token. */
export async function doorman(t, target, token) {
  const { hostname, port, pathname } = new URL(target);
  const server = http.createServer((request, response) => {
    const own = server.address().port;
    const host = [`127.0.0.1:${own}`, `localhost:${own}`].includes(request.headers.host) ? `${hostname}:${port}` : request.headers.host;
    const origin = request.headers.origin === `http://${request.headers.host}` ? `http://${host}` : request.headers.origin;
    const onward = http.request(
      { hostname, port, path: request.url, method: request.method, headers: { ...request.headers, host, ...(origin && { origin }), authorization: `Bearer ${token}` } },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}${pathname}`;
}
