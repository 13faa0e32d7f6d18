(defmacro doubled [x] `(* 2 ~x))
(setv value (doubled 21))
(defn twice [n] (doubled n))
