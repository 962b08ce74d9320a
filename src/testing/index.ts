/**
 * What our own tests use, for yours: a clock that a test moves by hand and a service whose life a test directs.
 *
 * @module testing
 */
export { ManualClock } from './manual-clock.ts';
export { ScriptedService, type StopBehaviour } from './scripted-service.ts';
