package hub
import ("fmt";"math")
func (p *Physics) Debug(r *Row) string { d,ok:=p.design(r,false); if !ok {return ""}; eta,share:=make([]float64,len(terms)),make([]float64,len(terms)); lv:=p.eta(&d,p.phi,eta); m:=lv+evaluate(eta,d.x,share); s:=fmt.Sprintf("%.2f ms: ",math.Exp(m)); for c:=range terms { if share[c]>.03 { s+=fmt.Sprintf("%s %.0f%% ",terms[c].name,100*share[c]) } }; return s }
