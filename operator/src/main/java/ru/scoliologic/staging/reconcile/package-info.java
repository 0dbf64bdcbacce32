/** The one flow: gather, validate, plan, apply, assess, publish. Only here is the SDK known. */
package ru.scoliologic.staging.reconcile;
