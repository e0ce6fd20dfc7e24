/** A stand-in for gennaker while the page is developed: `npm run dev:api`, then `npm run dev`. */
import { serve } from './server.mjs';
import { World } from './world.mjs';

const { url } = await serve(new World({ speed: Number(process.env.SPEED ?? 1) }), Number(process.env.PORT ?? 8084));
console.log(`The stand-in API listens on ${url}, the built page is ${url}/ui/`);
